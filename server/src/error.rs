//! Why the server does not start or a command fails. Texts name the server's own files and say what to do.

use std::net::SocketAddr;
use std::path::PathBuf;

/// An error of the server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something on a file.
    #[error("cannot use {}: {kind}; check the disk and who may read and write there", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// The operating system gave no threads, or does not tell of signals.
    #[error("the system lets this process have no threads or signals ({0}); raise the limits of its user or service")]
    System(std::io::ErrorKind),
    /// Another process serves from this folder.
    #[error("another kapok-server uses {}; stop it first, or give another folder with --data", .0.display())]
    InUse(PathBuf),
    /// Nothing was started here yet.
    #[error("there is no server in {}; start kapok-server there once, or name its folder with --data", .0.display())]
    NoServer(PathBuf),
    /// The key file does not parse. New keys would lock out every device, so none are made.
    #[error("the key file {} is damaged; restore it from your backup", .0.display())]
    KeysDamaged(PathBuf),
    /// Made by a newer version.
    #[error("the key file {} was made by a newer kapok-server; use that version", .0.display())]
    KeysNewer(PathBuf),
    /// There are data but no keys.
    #[error("the key file {} is missing but there are data beside it; restore it from your backup", .0.display())]
    KeysMissing(PathBuf),
    /// Others may read the key file.
    #[error("other users of this machine can read {}; run chmod 600 on it", .0.display())]
    KeysReadable(PathBuf),
    /// The database is not one of ours, damaged, or does not fit the objects beside it.
    #[error("the database {} is missing, damaged or of another program; restore it with the objects beside it", .0.display())]
    DatabaseDamaged(PathBuf),
    /// Made by a newer version.
    #[error("the database {} was made by a newer kapok-server; use that version", .0.display())]
    DatabaseNewer(PathBuf),
    /// A segment lacks bytes that the database knows.
    #[error("the object file {} is missing or shorter than what was acknowledged; restore it from your backup", .0.display())]
    ObjectsDamaged(PathBuf),
    /// A statement failed.
    #[error("the database failed; look at free space and at the disk")]
    Database,
    /// The thread that stores uploads has panicked.
    #[error("the server can store nothing any more and has ended; start it again, and look at the disk")]
    IntakeEnded,
    /// A certificate could not be made.
    #[error("no certificate can be made for these names; check --name")]
    Certificate,
    /// Devices could not reach it.
    #[error("{0} means all addresses; say with --public ADDRESS:PORT where devices reach this server")]
    NoPublicAddress(SocketAddr),
    /// A desk could not read the card, for instance because --name or --public was given too often.
    #[error("no card can be written for the desk ({0}); check --name and --public")]
    Card(#[from] kapok_wire::card::CardError),
    /// The port is taken or the address is not ours.
    #[error("cannot listen on {address}: {}", remedy(*kind, port))]
    Listen {
        /// Where.
        address: SocketAddr,
        /// For whom.
        port: Port,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// Not 64 hexadecimal digits.
    #[error("a fingerprint has 64 hexadecimal digits; copy it as kapok-desk prints it")]
    BadFingerprint,
    /// There is nothing to remove.
    #[error("this client key is not registered, so nothing was removed; kapok-server desk list shows those that are")]
    UnknownKey,
}

/// One of the two ports; printed as the option that moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Where devices connect.
    Device,
    /// Where the desk connects.
    Desk,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Device => "--listen",
            Self::Desk => "--desk-listen",
        })
    }
}

/// What to do if a port cannot be opened.
fn remedy(kind: std::io::ErrorKind, port: &Port) -> String {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    match kind {
        AddrInUse => {
            format!("another program uses this port; stop it, or choose another port with {port} ADDRESS:PORT")
        }
        AddrNotAvailable => {
            format!("this machine does not have that address; choose one it has with {port} ADDRESS:PORT")
        }
        PermissionDenied => format!("this user may not open that port; choose one above 1023 with {port} ADDRESS:PORT"),
        other => format!("{other}; choose another address or port with {port} ADDRESS:PORT"),
    }
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |error| Self::File { path, kind: error.kind() }
    }
}

/// A database error's text can hold the statement and its values, so it goes no further.
impl From<rusqlite::Error> for Error {
    fn from(_: rusqlite::Error) -> Self {
        Self::Database
    }
}
