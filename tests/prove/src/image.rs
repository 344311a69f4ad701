//! A folder as somebody copies it who seizes the phone: names, sizes, modes, times and bytes; and what changed between two copies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What a file system writes at least.
const BLOCK: usize = 4_096;

/// All files below a folder at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image(BTreeMap<PathBuf, FileImage>);

/// One file, or a folder, whose bytes are none.
#[derive(Clone, PartialEq, Eq)]
pub struct FileImage {
    /// Kind and rights.
    pub mode: u32,
    /// When it was changed: seconds and nanoseconds.
    pub modified: (i64, i64),
    /// What it takes on the medium: fewer blocks than bytes mean holes.
    pub blocks: u64,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for FileImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes, mode {:o}, modified {:?}", self.bytes.len(), self.mode, self.modified)
    }
}

/// What differs between two images, apart from bytes that changed in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Length.
    pub len: usize,
    /// Kind and rights.
    pub mode: u32,
    /// What it takes on the medium.
    pub blocks: u64,
}

/// What changed between two images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that appeared, went, or changed length, rights or holes.
    pub shape: BTreeSet<PathBuf>,
    /// Files whose time changed.
    pub touched: BTreeSet<PathBuf>,
    /// Bytes that changed, in whole blocks of 4 KiB, neighbours joined.
    pub ranges: BTreeMap<PathBuf, Vec<Range<usize>>>,
}

impl Image {
    /// Copies everything below `folder`; links are not followed.
    ///
    /// # Panics
    /// If something cannot be read.
    #[must_use]
    pub fn take(folder: &Path) -> Self {
        let mut all = BTreeMap::new();
        take(folder, Path::new(""), &mut all);
        Self(all)
    }

    /// One file of it.
    ///
    /// # Panics
    /// If there is none of that name.
    #[must_use]
    pub fn file(&self, name: &str) -> &FileImage {
        &self.0[Path::new(name)]
    }

    /// Names with lengths, rights and holes: what must be the same for everybody.
    #[must_use]
    pub fn shape(&self) -> BTreeMap<PathBuf, Shape> {
        let shape = |file: &FileImage| Shape { len: file.bytes.len(), mode: file.mode, blocks: file.blocks };
        self.0.iter().map(|(name, file)| (name.clone(), shape(file))).collect()
    }

    /// What is different in `later`.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Changes {
        let mut changes = Changes::default();
        let (before, after) = (self.shape(), later.shape());
        let names: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        for name in names {
            let (Some(old), Some(new)) = (self.0.get(&name), later.0.get(&name)) else {
                changes.shape.insert(name);
                continue;
            };
            if before.get(&name) != after.get(&name) {
                changes.shape.insert(name.clone());
            }
            if old.modified != new.modified {
                changes.touched.insert(name.clone());
            }
            let ranges = ranges(&old.bytes, &new.bytes);
            if !ranges.is_empty() {
                changes.ranges.insert(name, ranges);
            }
        }
        changes
    }
}

fn take(folder: &Path, below: &Path, all: &mut BTreeMap<PathBuf, FileImage>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), below.join(entry.file_name()));
        let about = fs::symlink_metadata(&path).unwrap();
        let bytes = if about.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        let modified = (about.mtime(), about.mtime_nsec());
        all.insert(name.clone(), FileImage { mode: about.mode(), modified, blocks: about.blocks(), bytes });
        if about.is_dir() {
            take(&path, &name, all);
        }
    }
}

/// Blocks in which two files differ, neighbours joined.
fn ranges(old: &[u8], new: &[u8]) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    let len = old.len().max(new.len());
    for from in (0..len).step_by(BLOCK) {
        let to = (from + BLOCK).min(len);
        if old.get(from..to) == new.get(from..to) {
            continue;
        }
        match all.last_mut() {
            Some(last) if last.end == from => last.end = to,
            _ => all.push(from..to),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_tells_names_shapes_times_and_changed_blocks() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::write(path("same"), vec![1; 9_000]).unwrap();
        fs::write(path("changed"), vec![1; 5 * BLOCK + 7]).unwrap();
        fs::write(path("gone"), b"x").unwrap();
        fs::create_dir(path("folder")).unwrap();
        fs::write(path("folder/inner"), b"x").unwrap();
        let before = Image::take(place.path());
        assert_eq!(before.changes(&Image::take(place.path())), Changes::default());

        let mut bytes = vec![1; 5 * BLOCK + 7];
        for at in [BLOCK, 2 * BLOCK + 9, 5 * BLOCK + 6] {
            bytes[at] = 2;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(path("changed"), bytes).unwrap();
        fs::remove_file(path("gone")).unwrap();
        fs::write(path("folder/inner"), b"longer").unwrap();
        let changes = before.changes(&Image::take(place.path()));
        let names = |all: &BTreeSet<PathBuf>| all.iter().map(|name| name.display().to_string()).collect::<Vec<_>>();
        assert_eq!(names(&changes.shape), ["folder/inner", "gone"]);
        assert_eq!(names(&changes.touched), ["changed", "folder/inner"]);
        let blocks = &changes.ranges[Path::new("changed")];
        assert_eq!(*blocks, [BLOCK..3 * BLOCK, 5 * BLOCK..5 * BLOCK + 7]);
        assert_eq!(before.file("same").bytes.len(), 9_000);
    }

    #[test]
    fn a_file_with_a_hole_has_another_shape() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        fs::write(&path, vec![1; 1 << 20]).unwrap();
        let whole = Image::take(place.path());
        fs::File::create(&path).unwrap().set_len(1 << 20).unwrap();
        assert!(!whole.changes(&Image::take(place.path())).shape.is_empty());
    }
}
