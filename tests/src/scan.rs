//! Looks for markers in every byte of every file below a folder, and in the file names.
//!
//! A marker is looked for as UTF-8 (or as the bytes it is), UTF-16, JSON escapes and base64 at all three alignments,
//! and the same inside whatever inflates: zlib and gzip by their heads, and raw deflate blocks by their code tables.
//! Encryption hides everything from any scan, so a scan proves something only beside a control: the same scanner must
//! find each marker, in each form, in a planted file.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::streams;

/// Shortest needle, in bytes: a shorter one is met in random bytes.
const SHORTEST: usize = 8;
/// Read at a time, in bytes.
const BLOCK: usize = 4 << 20;
/// Blocks overlap by so much, so that a needle or a compressed head across a border is seen.
const OVERLAP: usize = 64 << 10;

/// Something that must not be readable: a name, a sentence, a piece of a photo.
#[derive(Clone, Debug)]
pub struct Marker {
    name: String,
    bytes: Vec<u8>,
    text: Option<String>,
}

impl Marker {
    /// Words.
    ///
    /// # Panics
    /// If they are too short to mean anything.
    #[must_use]
    pub fn text(words: &str) -> Self {
        assert!(words.len() >= SHORTEST, "too short for a marker");
        Self { name: words.to_owned(), bytes: words.as_bytes().to_vec(), text: Some(words.to_owned()) }
    }

    /// Bytes as they are.
    ///
    /// # Panics
    /// If they are too short to mean anything.
    #[must_use]
    pub fn bytes(name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= SHORTEST, "too short for a marker");
        Self { name: name.to_owned(), bytes: bytes.to_vec(), text: None }
    }

    /// All ways of writing it down.
    #[must_use]
    pub fn forms(&self) -> Vec<(Form, Vec<u8>)> {
        let mut forms = vec![(Form::Plain, self.bytes.clone())];
        for shift in 0..3 {
            forms.push((Form::Base64(shift), base64_core(&self.bytes, shift)));
        }
        if let Some(text) = &self.text {
            forms.push((Form::Utf16Le, text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
            forms.push((Form::Utf16Be, text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
            if !text.is_ascii() {
                let escape =
                    |unit: u16| if unit < 128 { char::from(unit as u8).to_string() } else { format!("\\u{unit:04x}") };
                forms.push((Form::JsonEscape, text.encode_utf16().map(escape).collect::<String>().into_bytes()));
            }
        }
        forms
    }
}

/// The base64 letters that depend on `bytes` alone when they stand `shift` bytes behind a border of three.
fn base64_core(bytes: &[u8], shift: usize) -> Vec<u8> {
    let padded = [vec![0; shift], bytes.to_vec()].concat();
    let whole = padded.len() / 3 * 3;
    let letters = STANDARD_NO_PAD.encode(&padded[..whole]);
    letters.into_bytes().split_off(if shift == 0 { 0 } else { 4 })
}

/// A way of writing a marker down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// UTF-8, or the bytes themselves.
    Plain,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Base64, so many bytes behind a border of three.
    Base64(usize),
    /// JSON text with escapes for what is not ASCII.
    JsonEscape,
}

/// Where a marker was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// The file, or what was read instead of one.
    pub file: PathBuf,
    /// Byte at which it begins; for a compressed stream, where the stream begins.
    pub offset: u64,
    /// The marker's name.
    pub marker: String,
    /// How it was written.
    pub form: Form,
    /// True if it was inside a compressed stream.
    pub inflated: bool,
}

/// Many markers in one pass: a table by the first two bytes leads to the few that may start there.
pub struct Scanner {
    needles: Vec<(usize, Form, Vec<u8>)>,
    names: Vec<String>,
    starts: Vec<Vec<usize>>,
}

impl Scanner {
    /// A scanner for these markers.
    #[must_use]
    pub fn new(markers: &[Marker]) -> Self {
        let mut needles = Vec::new();
        let mut starts = vec![Vec::new(); 1 << 16];
        for (number, marker) in markers.iter().enumerate() {
            for (form, bytes) in marker.forms() {
                starts[start(&bytes)].push(needles.len());
                needles.push((number, form, bytes));
            }
        }
        Self { needles, starts, names: markers.iter().map(|marker| marker.name.clone()).collect() }
    }

    /// Every file below `folder` and its name; links are not followed.
    ///
    /// # Errors
    /// If something cannot be read: what was not read was not scanned.
    pub fn scan(&self, folder: &Path) -> io::Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            self.look(entry.file_name().as_encoded_bytes(), (&entry.path(), 0), true, &mut hits);
            let kind = entry.file_type()?;
            if kind.is_dir() {
                hits.extend(self.scan(&entry.path())?);
            } else if kind.is_file() {
                hits.extend(self.scan_open(&mut File::open(entry.path())?, &entry.path())?);
            }
        }
        Ok(hits)
    }

    /// An open file from its beginning. `name` is for the hits.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn scan_open(&self, file: &mut File, name: &Path) -> io::Result<Vec<Hit>> {
        file.seek(SeekFrom::Start(0))?;
        let (mut hits, mut block, mut at) = (Vec::new(), Vec::new(), 0);
        loop {
            let read = file.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
            self.look(&block, (name, at), true, &mut hits);
            if read < BLOCK {
                hits.sort();
                hits.dedup();
                return Ok(hits);
            }
            let gone = block.len() - OVERLAP;
            block.drain(..gone);
            at += gone as u64;
        }
    }

    /// Bytes from anywhere.
    #[must_use]
    pub fn scan_bytes(&self, bytes: &[u8], name: &Path) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.look(bytes, (name, 0), true, &mut hits);
        hits
    }

    /// As [`Self::scan_bytes`] without looking into compressed streams: for memory, where there is a lot to read.
    #[must_use]
    pub fn scan_plain(&self, bytes: &[u8], place: (&Path, u64)) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.look(bytes, place, false, &mut hits);
        hits
    }

    fn look(&self, bytes: &[u8], place: (&Path, u64), inflate: bool, hits: &mut Vec<Hit>) {
        for (at, pair) in bytes.windows(2).enumerate() {
            for &needle in &self.starts[start(pair)] {
                let (marker, form, wanted) = &self.needles[needle];
                if bytes[at..].starts_with(wanted) {
                    hits.push(self.hit(place, at, *marker, *form, false));
                }
            }
        }
        if !inflate {
            return;
        }
        for (at, content) in streams::inflated(bytes) {
            let mut inner = Vec::new();
            self.look(&content, (place.0, 0), false, &mut inner);
            hits.extend(inner.into_iter().map(|hit| Hit { offset: place.1 + at as u64, inflated: true, ..hit }));
        }
    }

    fn hit(&self, place: (&Path, u64), at: usize, marker: usize, form: Form, inflated: bool) -> Hit {
        let (file, offset) = (place.0.to_owned(), place.1 + at as u64);
        Hit { file, offset, marker: self.names[marker].clone(), form, inflated }
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// Writes every marker in every form into one file, and deflated once more: what a leak would look like. Returns how
/// many pairs of marker and form that is.
///
/// # Errors
/// If it cannot be written.
pub fn plant(file: &Path, markers: &[Marker]) -> io::Result<usize> {
    let mut bytes = vec![b'.'; BLOCK - 11];
    let mut count = 0;
    for (_, form) in markers.iter().flat_map(Marker::forms) {
        bytes.extend_from_slice(&form);
        bytes.push(b'\n');
        count += 1;
    }
    fs::write(file, bytes)?;
    Ok(count)
}
