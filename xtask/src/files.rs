//! The project's own files: what Git tracks, and what it would track with the next `git add`. New files are
//! included so that a rule fails before the commit and not after it.

use std::path::{Path, PathBuf};

use crate::run::{Cmd, Done, root};

/// One file by its path inside the project, with its bytes.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl SourceFile {
    /// The text, if it is text.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }
}

/// Every file of the project, in path order.
pub(crate) fn all() -> Done<Vec<SourceFile>> {
    let listed = Cmd::new("git").words("ls-files -z --cached --others --exclude-standard").capture()?;
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        let full: PathBuf = root().join(path);
        // A tracked file may be deleted and not yet committed; a link is checked where it points to.
        if full.is_file() {
            let bytes = std::fs::read(&full)?;
            let path = path.to_owned();
            files.push(SourceFile { path, bytes });
        }
    }
    Ok(files)
}

#[cfg(test)]
pub(crate) fn fake(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
}
