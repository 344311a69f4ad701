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

use crate::error::Error;
use crate::limits::NUMBERS_MAX;
use crate::open::attachment::{Attachment, Integrity};
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

/// A folder to write into; made if it is not there, for its owner only.
///
/// # Errors
/// [`Error::Io`].
pub fn prepare_dir(dir: &Path) -> Result<(), Error> {
    match durable::create_private_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        other => other.map_err(Error::io("making the folder to extract to")),
    }
}

/// Writes one attachment into `dir`. `number` names it if its own name is unusable.
///
/// # Errors
/// [`Error::Io`], [`Error::DiskFull`]. Nothing is left behind then.
pub fn extract(
    attachment: &Attachment<'_>,
    number: usize,
    inbox: &Inbox,
    here: &HashSet<ObjectId>,
    dir: &Path,
) -> Result<Extracted, Error> {
    let partial = Partial::create(dir)?;
    let mut file = &partial.file;
    let mut hash = Sha256::new();
    let integrity = attachment.open(inbox, here, |bytes| {
        hash.update(bytes);
        file.write_all(bytes).map_err(Error::io("writing an attachment"))
    })?;
    if integrity != Integrity::HashOk {
        return Ok(Extracted::NotWritten(integrity));
    }
    file.sync_all().map_err(Error::io("writing an attachment"))?;
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
}

impl Partial {
    fn create(dir: &Path) -> Result<Self, Error> {
        let path = durable::partial_in(dir);
        let file = durable::create_private(&path).map_err(Error::io("writing an attachment"))?;
        Ok(Self { path, file })
    }

    /// Gives it its name, or the first numbered one that is free.
    fn publish(&self, dir: &Path, name: &str) -> Result<String, Error> {
        for number in 1..=NUMBERS_MAX {
            let name = if number == 1 { name.to_owned() } else { numbered(name, number) };
            match self.link(&dir.join(&name)) {
                Ok(()) => {
                    durable::sync_dir(dir).map_err(Error::io("writing an attachment"))?;
                    return Ok(name);
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io("writing an attachment")(e)),
            }
        }
        Err(Error::OutputExists)
    }

    /// A second name fails if the name is taken, which a rename would overwrite.
    fn link(&self, target: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, target) {
            Err(e) if e.kind() == io::ErrorKind::Unsupported || e.kind() == io::ErrorKind::PermissionDenied => {
                // Sticks formatted for other systems have no second names: copy, as carefully.
                let mut new = durable::create_private(target)?;
                let copied = File::open(&self.path).and_then(|mut old| io::copy(&mut old, &mut new));
                if copied.is_err() {
                    let _ = fs::remove_file(target);
                }
                copied?;
                new.sync_all()
            }
            other => other,
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After publishing this takes the first of two names away; before, an unfinished file.
        let _ = fs::remove_file(&self.path);
    }
}

fn digest_of(path: &Path) -> Result<Digest, Error> {
    let mut file = File::open(path).map_err(Error::io("reading an attachment back"))?;
    let mut hash = Sha256::new();
    let mut buffer = zeroize::Zeroizing::new(vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut buffer).map_err(Error::io("reading an attachment back"))?;
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
