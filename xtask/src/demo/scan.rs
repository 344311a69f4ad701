//! Looks for marker strings in every byte of every file below a folder, and in the file names.
//!
//! Compression and encryption would hide a marker from any scan; the claim is only that nothing *readable* lies
//! there. So the same scan runs over a planted plain file and must find every marker in it: a scanner that finds
//! nothing anywhere would pass without that.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::run::{Done, Failure};

/// One thing to look for, in all the ways it may be written down.
pub(crate) struct Marker {
    pub(crate) name: String,
    pub(crate) forms: Vec<Vec<u8>>,
}

impl Marker {
    /// A text: UTF-8, and UTF-16 in both byte orders.
    pub(crate) fn text(text: &str) -> Self {
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let forms = vec![
            text.as_bytes().to_vec(),
            utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
            utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        ];
        let name = text.to_owned();
        Self { name, forms }
    }

    /// Bytes as they are; `at` is where they were taken from.
    pub(crate) fn bytes(name: &str, whole: &[u8], at: usize) -> Done<Self> {
        const LENGTH: usize = 32;
        let piece = whole.get(at..at.saturating_add(LENGTH));
        let piece = piece.ok_or_else(|| Failure::new(format!("{name} is too short for a marker")))?;
        let name = name.to_owned();
        let forms = vec![piece.to_vec()];
        Ok(Self { name, forms })
    }
}

/// What a scan saw.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Pairs of marker and form that were seen, by their numbers.
    seen: BTreeSet<(usize, usize)>,
}

impl Found {
    /// The markers seen in any form.
    pub(crate) fn markers(&self) -> usize {
        let markers: BTreeSet<usize> = self.seen.iter().map(|(marker, _)| *marker).collect();
        markers.len()
    }

    /// How many forms of markers were seen.
    pub(crate) fn forms(&self) -> usize {
        self.seen.len()
    }
}

/// Finds many needles in one pass: a table by the first two bytes leads to the few that may start there.
pub(crate) struct Scanner<'a> {
    markers: &'a [Marker],
    starts: Vec<Vec<(usize, usize)>>,
    longest: usize,
}

const BLOCK: usize = 1 << 20;

impl<'a> Scanner<'a> {
    pub(crate) fn new(markers: &'a [Marker]) -> Done<Self> {
        let mut starts = vec![Vec::new(); 1 << 16];
        let mut longest = 0;
        for (marker, Marker { forms, name }) in markers.iter().enumerate() {
            for (form, bytes) in forms.iter().enumerate() {
                let [first, second, _, _, ..] = bytes.as_slice() else {
                    return Err(Failure::new(format!("the marker {name} is too short to mean anything")));
                };
                let start = usize::from(u16::from_be_bytes([*first, *second]));
                if let Some(list) = starts.get_mut(start) {
                    list.push((marker, form));
                }
                longest = longest.max(bytes.len());
            }
        }
        Ok(Self { markers, starts, longest })
    }

    /// Every file below `folder`; links are not followed.
    pub(crate) fn scan(&self, folder: &Path, found: &mut Found) -> Done {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            self.look(entry.file_name().as_encoded_bytes(), found);
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.scan(&entry.path(), found)?;
            } else if kind.is_file() {
                self.scan_file(&entry.path(), found)?;
            }
        }
        Ok(())
    }

    fn scan_file(&self, path: &Path, found: &mut Found) -> Done {
        let mut file = File::open(path)?;
        let mut block = Vec::new();
        loop {
            // What is left of the last block stays in front, so that a marker across the border is seen.
            let keep = block.len().min(self.longest.saturating_sub(1));
            block.drain(..block.len() - keep);
            let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
            if read == 0 {
                break;
            }
            found.bytes += read as u64;
            self.look(&block, found);
        }
        found.files += 1;
        Ok(())
    }

    fn look(&self, bytes: &[u8], found: &mut Found) {
        for (at, pair) in bytes.windows(2).enumerate() {
            let [first, second] = pair else { continue };
            let start = usize::from(u16::from_be_bytes([*first, *second]));
            let Some(list) = self.starts.get(start).filter(|list| !list.is_empty()) else {
                continue;
            };
            for &(marker, form) in list {
                let needle = self.markers.get(marker).and_then(|marker| marker.forms.get(form));
                let rest = bytes.get(at..).unwrap_or_default();
                if needle.is_some_and(|needle| rest.starts_with(needle)) {
                    found.seen.insert((marker, form));
                }
            }
        }
    }
}

/// Writes every marker in every form into one plain file: what a leak would look like.
pub(crate) fn plant(file: &Path, markers: &[Marker]) -> Done {
    let mut bytes = vec![b'.'; BLOCK - 7];
    for form in markers.iter().flat_map(|marker| &marker.forms) {
        bytes.extend_from_slice(form);
        bytes.push(b'\n');
    }
    Ok(fs::write(file, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers() -> Vec<Marker> {
        let photo: Vec<u8> = (0..=255).collect();
        vec![Marker::text("ឈ្មោះសាកល្បង"), Marker::text("Fictional Person"), Marker::bytes("photo", &photo, 100).unwrap()]
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_planted_file_shows_every_form_of_every_marker_even_across_a_block() {
        let markers = markers();
        let folder = folder("scan-planted");
        plant(&folder.join("plain"), &markers).unwrap();
        let mut found = Found::default();
        Scanner::new(&markers).unwrap().scan(&folder, &mut found).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((found.markers(), found.forms(), found.files), (3, 7, 1));
    }

    #[test]
    fn other_bytes_show_nothing_and_a_file_name_is_read_too() {
        let markers = markers();
        let folder = folder("scan-clean");
        fs::write(folder.join("a"), vec![0xe1; 3 * BLOCK]).unwrap();
        let scanner = Scanner::new(&markers).unwrap();
        let mut found = Found::default();
        scanner.scan(&folder, &mut found).unwrap();
        assert_eq!((found.markers(), found.bytes), (0, 3 * BLOCK as u64));
        fs::write(folder.join("Fictional Person.jpg"), b"").unwrap();
        scanner.scan(&folder, &mut found).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.markers(), 1);
    }

    #[test]
    fn a_marker_that_anything_would_match_is_refused() {
        assert!(Scanner::new(&[Marker::text("")]).is_err());
        assert!(Marker::bytes("photo", b"short", 0).is_err());
    }
}
