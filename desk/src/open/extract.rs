//! Writing originals out: the one place of this program that puts plaintext on a disk, and only when asked to.
//!
//! An attachment is written beside its place while its hash is computed, moved to its name if the hash is right, and
//! read back. An existing file is never touched; a name that is taken gets a number.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use kapok_wire::{Digest, ObjectId};
use sha2::{Digest as _, Sha256};

use crate::doing::Doing;
use crate::error::Error;
use crate::limits::NUMBERS_MAX;
use crate::open::attachment::{Attachment, Integrity};
use crate::open::extract_dir::{ExtractDir, Unfinished};
use crate::store::durable;
use crate::store::inbox::Inbox;
use crate::store::name::{numbered, safe_name};

/// What became of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extracted {
    /// Written under this name, and its hash is right on the disk.
    Written(String),
    /// Not written, because it is not whole or not right.
    NotWritten(Integrity),
}

/// Writes one attachment into `dir`. `number` names it if its own name is unusable; `go_on` is asked at every chunk.
///
/// # Errors
/// [`Error::Io`], [`Error::DiskFull`], and that of `go_on`. Nothing is left behind then.
pub fn extract(
    attachment: &Attachment<'_>,
    number: usize,
    inbox: &Inbox,
    here: &HashSet<ObjectId>,
    dir: &ExtractDir,
    go_on: impl Fn() -> Result<(), Error>,
) -> Result<Extracted, Error> {
    let unfinished = dir.unfinished();
    let dir = dir.path();
    let partial = Partial::create(dir, unfinished)?;
    let mut file = &partial.file;
    let mut hash = Sha256::new();
    let integrity = attachment.open(inbox, here, |bytes| {
        go_on()?;
        hash.update(bytes);
        file.write_all(bytes).map_err(Error::io(Doing::WriteAttachment))
    })?;
    if integrity != Integrity::HashOk {
        return Ok(Extracted::NotWritten(integrity));
    }
    file.sync_all().map_err(Error::io(Doing::WriteAttachment))?;
    let fallback = format!("attachment-{number}{}", extension(&attachment.item.mime));
    let name = partial.publish(dir, &safe_name(attachment.name, &fallback))?;
    // What counts is what lies on the disk now.
    if digest_of(&dir.join(&name))? != Digest(hash.finalize().into()) {
        return Ok(Extracted::NotWritten(Integrity::HashMismatch));
    }
    Ok(Extracted::Written(name))
}

/// A file that is taken away again unless it is published.
struct Partial {
    path: PathBuf,
    file: File,
    unfinished: Unfinished,
}

impl Partial {
    fn create(dir: &Path, unfinished: Unfinished) -> Result<Self, Error> {
        let path = durable::partial_in(dir);
        // Before it is there, so that there is no moment in which nobody knows of it.
        unfinished.set(Some(path.clone()));
        let file = durable::create_private(&path).map_err(Error::io(Doing::WriteAttachment))?;
        Ok(Self { path, file, unfinished })
    }

    /// Gives it its name, or the first numbered one that is free.
    fn publish(&self, dir: &Path, name: &str) -> Result<String, Error> {
        for number in 1..=NUMBERS_MAX {
            let name = if number == 1 { name.to_owned() } else { numbered(name, number) };
            match self.link(&dir.join(&name)) {
                Ok(()) => {
                    durable::sync_dir(dir).map_err(Error::io(Doing::WriteAttachment))?;
                    return Ok(name);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io(Doing::WriteAttachment)(e)),
            }
        }
        Err(Error::OutputExists)
    }

    /// A second name fails if the name is taken, which a rename would overwrite.
    fn link(&self, target: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, target) {
            Err(e) if e.kind() == io::ErrorKind::Unsupported || e.kind() == io::ErrorKind::PermissionDenied => {
                self.claim(target)
            }
            other => other,
        }
    }

    /// For sticks formatted for other systems, which have no second names: an empty file takes the name, which fails if
    /// it is taken, and the whole one replaces it. A kill between the two leaves nothing readable.
    fn claim(&self, target: &Path) -> io::Result<()> {
        durable::create_private(target)?;
        let renamed = fs::rename(&self.path, target);
        if renamed.is_err() {
            // This call made it; the first error is the one to tell.
            let _ = fs::remove_file(target);
        }
        renamed
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After publishing this takes the first of two names away; before, an unfinished file.
        let _ = fs::remove_file(&self.path);
        self.unfinished.set(None);
    }
}

fn digest_of(path: &Path) -> Result<Digest, Error> {
    let mut file = File::open(path).map_err(Error::io(Doing::ReadAttachment))?;
    let mut hash = Sha256::new();
    let mut buffer = zeroize::Zeroizing::new(vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut buffer).map_err(Error::io(Doing::ReadAttachment))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(Digest(hash.finalize().into()));
        };
        hash.update(bytes);
    }
}

/// The usual extension of a media type that the device sniffed.
fn extension(mime: &str) -> &'static str {
    match mime {
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        "image/webp" => ".webp",
        "image/heic" => ".heic",
        "audio/mpeg" => ".mp3",
        "audio/mp4" | "audio/x-m4a" => ".m4a",
        "audio/ogg" => ".ogg",
        "audio/wav" | "audio/x-wav" => ".wav",
        "video/mp4" => ".mp4",
        "video/webm" => ".webm",
        "application/pdf" => ".pdf",
        "text/plain" => ".txt",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_second_names_a_file_is_moved_and_never_over_another() {
        let dir = tempfile::tempdir().unwrap();
        let partial = || {
            let partial = Partial::create(dir.path(), Unfinished::default()).unwrap();
            (&partial.file).write_all(b"original").unwrap();
            partial
        };
        let (free, taken) = (dir.path().join("free.jpg"), dir.path().join("taken.jpg"));
        fs::write(&taken, b"mine").unwrap();
        partial().claim(&free).unwrap();
        assert_eq!(partial().claim(&taken).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!((fs::read(&free).unwrap(), fs::read(&taken).unwrap()), (b"original".to_vec(), b"mine".to_vec()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing unfinished is left");
    }
}
