//! Setting up a desk: for trying out with every key on one machine, or around a bundle that was signed elsewhere.
//!
//! Both build the folder beside its place and move it there when it is whole, so that an interrupted `init` leaves
//! no half desk that somebody would start to use.

use std::fs;
use std::path::{Path, PathBuf};

use kapok_wire::bundle::{Class, UntrustedNote, VerifiedBundle};

use crate::bundles::{self, BundlePlan};
use crate::doing::Doing;
use crate::error::{Error, ExpectedKey};
use crate::keys::proof::{Proof, prove};
use crate::keys::secret::{OrgKey, Role};
use crate::limits::{KEY_FILE_MAX, KEY_FILES_MAX};
use crate::net::card::ServerCard;
use crate::net::identity;
use crate::store::durable;
use crate::store::folder::Folder;

/// Keys that `init` makes: three roots, two of each desk class.
const PLAN: [(Role, usize); 3] = [(Role::Root, 3), (Role::Desk(Class::Triage), 2), (Role::Desk(Class::Identities), 2)];

/// What `init` needs to know.
#[derive(Debug)]
pub struct InitRequest<'a> {
    /// Bytes of `server-card.json`.
    pub card: &'a [u8],
    /// Shown to people who enrol.
    pub organisation: &'a str,
    /// How long the bundle is valid.
    pub valid_days: u64,
    /// Locks every key file.
    pub passphrase: &'a [u8],
    /// Cost of trying a passphrase; [`kapok_seal::WORK_FACTOR`] unless testing.
    pub work_factor: u8,
    /// Seconds since 1970.
    pub now: u64,
}

/// Makes a desk with all keys on this machine and a signed bundle, after a test decryption with the keys as they were
/// read back from their files.
///
/// # Errors
/// [`Error::Exists`]; [`Error::Card`]; [`Error::Bundle`]; [`Error::TestDecryption`]; [`Error::Io`].
pub fn init(root: &Path, request: &InitRequest<'_>) -> Result<(Folder, Proof), Error> {
    let card = ServerCard::parse(request.card)?;
    let site = Site::claim(root)?;
    let folder = make_folder(&site.path, request.card)?;
    let mut keys = Vec::new();
    for (role, count) in PLAN {
        for number in 1..=count {
            let key = OrgKey::make(role);
            let path = folder.keys_dir().join(format!("{}-{number}.age", role.word()));
            write_key(&path, &key, request.passphrase, request.work_factor)?;
            keys.push((path, key));
        }
    }
    let public = |wanted: Role| {
        keys.iter().filter(move |(_, key)| key.role() == wanted).map(|(_, key)| key.public()).collect::<Vec<_>>()
    };
    let plan = BundlePlan {
        organisation: request.organisation.to_owned(),
        sequence: 1,
        valid_days: request.valid_days,
        roots: public(Role::Root).try_into().expect("PLAN makes three roots"),
        triage: public(Role::Desk(Class::Triage)),
        identities: public(Role::Desk(Class::Identities)),
    };
    let mut note = plan.note(&card, request.now)?;
    for (_, key) in keys.iter().filter(|(_, key)| key.role() == Role::Root).take(kapok_wire::sizes::THRESHOLD) {
        note = bundles::sign(&note, key)?.note;
    }
    let bundle = note.verify_own_undated()?;
    let desk_files: Vec<PathBuf> =
        keys.into_iter().filter(|(_, key)| key.role() != Role::Root).map(|(path, _)| path).collect();
    // From here on only what the files hold counts.
    let proof = prove_with_files(&bundle, &desk_files, request.passphrase)?;
    if proof.elsewhere > 0 {
        return Err(Error::NotAllTested(proof.elsewhere));
    }
    folder.set_bundle(&bundle)?;
    Ok((site.finish(root)?, proof))
}

/// Makes a desk around a bundle that was signed elsewhere. Its keys follow with [`add_key`].
///
/// # Errors
/// As [`init`].
pub fn adopt(root: &Path, card: &[u8], note: &[u8]) -> Result<Folder, Error> {
    ServerCard::parse(card)?;
    let bundle = bundles::verify_own(note)?;
    let site = Site::claim(root)?;
    make_folder(&site.path, card)?.set_bundle(&bundle)?;
    site.finish(root)
}

/// Makes a key in a file of its own, which must not exist yet, and reads it back. Returns the public part.
///
/// # Errors
/// [`Error::OutputExists`], [`Error::Io`], [`Error::Seal`].
pub fn new_key(path: &Path, role: Role, passphrase: &[u8], work_factor: u8) -> Result<String, Error> {
    let key = OrgKey::make(role);
    write_key(path, &key, passphrase, work_factor)?;
    let again = read_key(path, passphrase)?;
    if again.public() == key.public() {
        Ok(key.public())
    } else {
        Err(Error::NotThisKey { expected: ExpectedKey::Readable })
    }
}

/// Unlocks one key file.
///
/// # Errors
/// [`Error::WrongPassphrase`], [`Error::NotThisKey`], [`Error::Io`], [`Error::Seal`].
pub fn read_key(path: &Path, passphrase: &[u8]) -> Result<OrgKey, Error> {
    let file = durable::read_at_most(path, KEY_FILE_MAX).map_err(Error::io(Doing::ReadKeyFile))?;
    OrgKey::unlock(&file, passphrase)
}

/// Copies a desk key's file, still locked, into the folder, after it opened with `passphrase`.
///
/// # Errors
/// [`Error::NotThisKey`] for a root key, which has no business on a desk that opens reports; as [`read_key`].
pub fn add_key(folder: &Folder, path: &Path, passphrase: &[u8]) -> Result<Class, Error> {
    let OrgKey::Desk(class, _) = read_key(path, passphrase)? else {
        return Err(Error::NotThisKey { expected: ExpectedKey::Desk });
    };
    let _lock = folder.lock()?;
    let file = durable::read_at_most(path, KEY_FILE_MAX).map_err(Error::io(Doing::ReadKeyFile))?;
    for number in 1..=KEY_FILES_MAX {
        let target = folder.keys_dir().join(format!("{}-{number}.age", Role::Desk(class).word()));
        match durable::write_new(&target, &file) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                if durable::read_at_most(&target, KEY_FILE_MAX).is_ok_and(|old| old == file) {
                    return Ok(class);
                }
            }
            other => return other.map(|()| class).map_err(Error::io(Doing::WriteKeyFile)),
        }
    }
    Err(Error::OutputExists)
}

/// The test decryption with whichever desk keys lie in the folder, read from their files now.
///
/// # Errors
/// As [`prove`]; [`Error::WrongPassphrase`] if no file opens; [`Error::NoKeys`] if there is none.
pub fn prove_at_hand(folder: &Folder, bundle: &VerifiedBundle, passphrase: &[u8]) -> Result<Proof, Error> {
    let mut files = folder.key_files()?;
    files.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(Role::Root.word())));
    if files.is_empty() {
        return Err(Error::NoKeys);
    }
    prove_with_files(bundle, &files, passphrase)
}

fn prove_with_files(bundle: &VerifiedBundle, files: &[PathBuf], passphrase: &[u8]) -> Result<Proof, Error> {
    let mut keys = Vec::new();
    for path in files {
        match read_key(path, passphrase) {
            Ok(key) => keys.push(key),
            // Another person's key may lie here behind another passphrase; it then counts as not tried.
            Err(Error::WrongPassphrase) => {}
            Err(e) => return Err(e),
        }
    }
    if keys.is_empty() {
        return Err(Error::WrongPassphrase);
    }
    prove(bundle.content(), &keys)
}

/// The bundle to publish, checked against the one in force: roots, sequence and dates.
///
/// # Errors
/// [`Error::Bundle`], [`Error::Unsigned`], [`Error::TooFewSignatures`], [`Error::NoBundle`], [`Error::Io`].
pub fn publishable(folder: &Folder, offered: Option<&Path>, now: u64) -> Result<VerifiedBundle, Error> {
    let in_force = folder.bundle();
    let Some(path) = offered else {
        return Ok(UntrustedNote::from_bytes(in_force?.note().as_bytes())?.verify_own(now)?);
    };
    let note = bundles::read_note(path)?;
    match in_force {
        Ok(current) => Ok(note.verify(&current.content().root_hashes()?, Some(&current), now)?),
        Err(Error::NoBundle) => Ok(note.verify_own(now)?),
        Err(e) => Err(e),
    }
}

fn write_key(path: &Path, key: &OrgKey, passphrase: &[u8], work_factor: u8) -> Result<(), Error> {
    let file = key.lock(passphrase, work_factor)?;
    durable::write_new(path, &file).map_err(|e| {
        if e.kind() == std::io::ErrorKind::AlreadyExists {
            Error::OutputExists
        } else {
            Error::io(Doing::WriteKeyFile)(e)
        }
    })
}

fn make_folder(path: &Path, card: &[u8]) -> Result<Folder, Error> {
    let (certificate, key) = identity::make()?;
    Folder::make(path, card, &certificate, &key)
}

/// A folder under construction beside its place.
struct Site {
    path: PathBuf,
}

impl Site {
    fn claim(root: &Path) -> Result<Self, Error> {
        match fs::read_dir(root).map(|entries| entries.count()) {
            Ok(0) => {}
            Ok(_) => return Err(Error::Exists),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotADirectory => return Err(Error::Exists),
            Err(e) => return Err(Error::io(Doing::LookAtPlace)(e)),
        }
        let parent = root.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(Error::io(Doing::MakeFolder))?;
        Ok(Self { path: durable::partial_in(parent) })
    }

    fn finish(self, root: &Path) -> Result<Folder, Error> {
        let io = || Error::io(Doing::MoveFolder);
        fs::rename(&self.path, root).map_err(io())?;
        durable::sync_dir(root.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))
            .map_err(io())?;
        Folder::open(root)
    }
}

impl Drop for Site {
    /// Takes a failed construction away: nobody has used its keys. After [`Site::finish`] nothing is there.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
#[path = "organise_tests.rs"]
mod tests;
