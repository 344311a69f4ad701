//! The desk folder: where everything of one desk lies, and who may write to it.
//!
//! ```text
//! desk.json          version of this layout
//! server-card.json   public facts of the server, copied from it
//! client.crt client.key   the desk's own TLS identity (DER); opens the desk port, reads nothing
//! bundle.note        the signed bundle in force
//! keys/*.age         keys behind passphrases
//! inbox/             pulled objects, sealed
//! phones/            which phones were invited, sealed; only where an invite was made with a label
//! lock               held while a command writes
//! ```
//! Format: `docs/formats/desk-folder.md`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use kapok_wire::bundle::VerifiedBundle;
use kapok_wire::sizes::{CARD_MAX, PAGE};

use crate::doing::Doing;
use crate::error::Error;
use crate::limits::{KEY_FILES_MAX, MARK_MAX};
use crate::net::card::ServerCard;
use crate::store::durable;
use crate::store::inbox::Inbox;

const VERSION: u64 = 1;
const MARK: &str = "desk.json";
const CARD: &str = "server-card.json";
const BUNDLE: &str = "bundle.note";
const KEYS: &str = "keys";
const PHONES: &str = "phones";
const LOCK: &str = "lock";
pub(crate) const CLIENT_CERTIFICATE: &str = "client.crt";
pub(crate) const CLIENT_KEY: &str = "client.key";

/// An existing desk folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

/// The right to write to a desk folder; given back when dropped.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

impl Folder {
    /// Opens the folder at `root`.
    ///
    /// # Errors
    /// [`Error::NoDesk`], [`Error::NewerFolder`], [`Error::Io`].
    pub fn open(root: &Path) -> Result<Self, Error> {
        let bytes = match durable::read_at_most(&root.join(MARK), MARK_MAX) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Error::NoDesk),
            other => other.map_err(Error::io(Doing::OpenFolder))?,
        };
        let mark: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| Error::NoDesk)?;
        match mark.get("kapok_desk").and_then(serde_json::Value::as_u64) {
            Some(VERSION) => Ok(Self { root: root.to_owned() }),
            Some(version) if version > VERSION => Err(Error::NewerFolder),
            _ => Err(Error::NoDesk),
        }
    }

    /// Fills a folder that is not yet in use: its layout, the card and the client identity. Keys and bundle follow.
    pub(crate) fn make(root: &Path, card: &[u8], certificate: &[u8], key: &[u8]) -> Result<Self, Error> {
        let io = || Error::io(Doing::MakeFolder);
        durable::create_private_dir(root).map_err(io())?;
        let folder = Self { root: root.to_owned() };
        durable::create_private_dir(&folder.keys_dir()).map_err(io())?;
        folder.inbox().make()?;
        for (name, bytes) in [(CARD, card), (CLIENT_CERTIFICATE, certificate), (CLIENT_KEY, key)] {
            durable::write_new(&root.join(name), bytes).map_err(io())?;
        }
        let mark = format!("{{\"kapok_desk\":{VERSION}}}\n");
        durable::write_new(&root.join(MARK), mark.as_bytes()).map_err(io())?;
        Ok(folder)
    }

    /// Claims the folder for writing.
    ///
    /// # Errors
    /// [`Error::InUse`] if another process has it.
    pub fn lock(&self) -> Result<WriteLock, Error> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.open(self.root.join(LOCK)).map_err(Error::io(Doing::LockFolder))?;
        match file.try_lock() {
            Ok(()) => Ok(WriteLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse),
            Err(TryLockError::Error(e)) => Err(Error::io(Doing::LockFolder)(e)),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its inbox.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox::at(&self.root)
    }

    pub(crate) fn keys_dir(&self) -> PathBuf {
        self.root.join(KEYS)
    }

    pub(crate) fn phones_dir(&self) -> PathBuf {
        self.root.join(PHONES)
    }

    /// The key files here, by name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn key_files(&self) -> Result<Vec<PathBuf>, Error> {
        let entries = fs::read_dir(self.keys_dir()).map_err(Error::io(Doing::ListKeys))?;
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "age"))
            .collect();
        files.sort();
        files.truncate(KEY_FILES_MAX);
        Ok(files)
    }

    /// The server's card.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Card`].
    pub fn card(&self) -> Result<ServerCard, Error> {
        let bytes = durable::read_at_most(&self.root.join(CARD), CARD_MAX);
        ServerCard::parse(&bytes.map_err(Error::io(Doing::ReadCard))?)
    }

    /// The bundle in force, its signatures checked against the root keys it names itself; dates are for the caller.
    ///
    /// # Errors
    /// [`Error::NoBundle`], [`Error::Bundle`], [`Error::Io`].
    pub fn bundle(&self) -> Result<VerifiedBundle, Error> {
        match durable::read_at_most(&self.root.join(BUNDLE), PAGE) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Error::NoBundle),
            other => crate::bundles::verify_own(&other.map_err(Error::io(Doing::ReadBundle))?),
        }
    }

    /// Puts a bundle in force.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::DiskFull`].
    pub fn set_bundle(&self, bundle: &VerifiedBundle) -> Result<(), Error> {
        let note = bundle.note().as_bytes();
        durable::replace(&self.root.join(BUNDLE), note).map_err(Error::io(Doing::StoreBundle))
    }
}
