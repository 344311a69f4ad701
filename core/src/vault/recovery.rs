//! What opens a vault without passphrase and device key, for people who are trusted with it together.
//!
//! The secret is `slot and region and known regions u8 ‖ data key[32] ‖ tag[9]`. The tag binds it to the header, and so to the
//! salt, of this file. It is as strong as the vault itself, so nothing but splitting it is ever done with it
//! (`device::recovery`). Getting in with it is a change of passphrase ([`super::passphrase_change`]) in which the old
//! passphrase is not known: a new data key, and the same order of writes.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::block_file::{BlockFile, LockedFile};
use super::container::Guess;
use super::device_key::DeviceKey;
use super::head::Head;
use super::header::Fixed;
use super::keys::{DataKey, RootKey};
use super::opening::{Changed, Opening};
use super::passphrase::Passphrase;
use super::slots::SlotPayload;
use crate::device::ShareError;
use crate::error::{Error, Result};

const TAG: usize = 9;
const LABEL: &[u8] = b"kapok/2026-11/vault/recovery-tag";

/// The secret. Wiped on drop; has no `Debug`.
pub(crate) struct RecoverySecret(Box<Zeroizing<[u8; Self::LEN]>>);

impl RecoverySecret {
    pub(crate) const LEN: usize = 1 + 32 + TAG;

    /// The secret of the vault in this region, after its passphrase was checked once more. Writes nothing.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], also if the passphrase opens another vault.
    pub(crate) fn of_vault(path: &Path, passphrase: &Passphrase, key: &dyn DeviceKey, region: u8) -> Result<Self> {
        let file = File::open(path)?;
        for head in Head::read_all(&file, file.metadata()?.len())? {
            let root = Guess::derive(&head.header, passphrase, key)?.root;
            match head.find_vault(&root) {
                Ok(found) if found.payload.region == region => {
                    return Ok(Self::new(&head.fixed, found.number, &found.payload));
                }
                Ok(_) | Err(Error::WrongPassphrase) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::WrongPassphrase)
    }

    pub(super) fn new(fixed: &Fixed, number: u8, payload: &SlotPayload) -> Self {
        let place = number << 6 | payload.region << 4 | payload.known_regions & 0xf;
        let mut bytes = Box::new(Zeroizing::new([0; Self::LEN]));
        // EXPOSE: becomes part of another secret.
        let fields = [place].into_iter().chain(*payload.key.expose()).chain(tag(fixed));
        bytes.iter_mut().zip(fields).for_each(|(byte, from)| *byte = from);
        Self(bytes)
    }

    /// `None` unless the length is right.
    pub(crate) fn from_slice(from: &[u8]) -> Option<Self> {
        (from.len() == Self::LEN).then(|| {
            let mut bytes = Box::new(Zeroizing::new([0; Self::LEN]));
            bytes.copy_from_slice(from);
            Self(bytes)
        })
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Slot number and payload, if the secret belongs to this header.
    fn open(&self, fixed: &Fixed) -> Option<(u8, SlotPayload)> {
        // EXPOSE: taken apart into a key and a place.
        let (&place, rest) = self.expose().split_first()?;
        let (key, bound) = rest.split_at_checked(32)?;
        // Nothing can be learned from the time: whoever has these bytes has the key.
        if bound != tag(fixed) {
            return None;
        }
        let (region, known_regions) = (place >> 4 & 3, place & 0xf);
        Some((place >> 6, SlotPayload { region, key: DataKey::from_slice(key)?, known_regions, former: None }))
    }

    /// Opens the vault and gives it a new passphrase and a new data key, which makes the shares void. The vault must not be
    /// open anywhere.
    ///
    /// # Errors
    /// [`ShareError::OtherDevice`], [`ShareError::Void`], [`Error::SamePassphrase`], with nothing written. Trouble with the file: the vault opens with
    /// the new passphrase, or these shares and the old passphrase still do, with the same content.
    pub(crate) fn recover(&self, path: &Path, new: &Passphrase, device_key: &dyn DeviceKey) -> Result<Changed> {
        let file = LockedFile::open(path)?;
        let len = file.len()?;
        let root = |head: &Head| Guess::derive(&head.header, new, device_key).map(|guess| guess.root);
        self.recover_on(&(Arc::new(file) as Arc<dyn BlockFile>), len, root)
    }

    fn recover_on(
        &self,
        file: &Arc<dyn BlockFile>,
        len: u64,
        derive: impl Fn(&Head) -> Result<RootKey>,
    ) -> Result<Changed> {
        for head in Head::read_all(&**file, len)? {
            let Some((number, payload)) = self.open(&head.fixed) else { continue };
            let root = derive(&head)?;
            head.refuse_taken(&root, number)?;
            let opening = Opening { head: &head, file, root: &root, number, payload };
            // That the region opens shows that slot and header are the right ones; before it nothing is written.
            match opening.load() {
                Err(Error::Damaged) => return Err(ShareError::Void.into()),
                loaded => drop(loaded?),
            }
            head.mend(&**file)?;
            return Opening { payload: opening.payload.with_new_key(), ..opening }.change();
        }
        Err(ShareError::OtherDevice.into())
    }
}

fn tag(fixed: &Fixed) -> [u8; TAG] {
    let hash = Sha256::new_with_prefix(LABEL).chain_update(fixed.bytes()).finalize();
    std::array::from_fn(|at| hash.get(at).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::super::fault_file::FaultFile;
    use super::super::testing::{self, LEN, SLOT, fixed, head, payload, read, root};
    use super::*;

    /// A vault that holds `content`, and its secret.
    fn vault(content: &[u8]) -> (FaultFile, RecoverySecret) {
        let payload = payload(6);
        let secret = RecoverySecret::new(&fixed(), SLOT, &payload);
        (testing::vault(payload, content), secret)
    }

    fn recover(disk: &FaultFile, secret: &RecoverySecret, by: u8) -> Result<Vec<u8>> {
        let changed = secret.recover_on(&disk.file(), LEN as u64, |_| Ok(root(by)))?;
        Ok(changed.container.content().to_vec())
    }

    #[test]
    fn afterwards_the_new_passphrase_opens_everything_and_neither_the_old_one_nor_the_shares_anything() {
        let (disk, secret) = vault(b"mango");
        assert_eq!(read(&disk, 1).as_deref(), Ok(&b"mango"[..]), "control: before it does");
        assert_eq!(recover(&disk, &secret, 2).as_deref(), Ok(&b"mango"[..]));
        assert_eq!(read(&disk, 2).as_deref(), Ok(&b"mango"[..]));
        assert_eq!(read(&disk, 1), Err(Error::WrongPassphrase));
        let before = disk.bytes();
        assert_eq!(recover(&disk, &secret, 3), Err(ShareError::Void.into()));
        assert!(disk.bytes() == before, "refused shares write nothing");
        let found = head(&disk).find_vault(&root(2)).unwrap();
        assert_eq!((found.number, found.payload.known_regions, found.opened), (SLOT, 6, [true; 4]));
    }

    #[test]
    fn the_secret_of_another_file_is_refused_and_nothing_is_written() {
        let (disk, secret) = vault(b"mango");
        let mut other = secret.expose().to_vec();
        other[RecoverySecret::LEN - 1] ^= 1;
        let before = disk.bytes();
        let other = RecoverySecret::from_slice(&other).unwrap();
        assert_eq!(recover(&disk, &other, 2), Err(ShareError::OtherDevice.into()));
        assert!(disk.bytes() == before);
        assert!(recover(&disk, &secret, 2).is_ok(), "control: that of this file");
    }

    /// Cuts every 211 bytes; whether the content can always be had: with the new passphrase, or with the shares once more.
    fn always_there(recovery: impl Fn(&FaultFile, &RecoverySecret) -> Result<()>) -> bool {
        let (whole, secret) = vault(b"mango");
        let mut at = 0;
        loop {
            let disk = FaultFile::of(whole.bytes());
            disk.fail_write_after(at, ErrorKind::Other);
            let done = recovery(&disk, &secret);
            disk.heal();
            let found = [read(&FaultFile::of(disk.bytes()), 2), recover(&FaultFile::of(disk.bytes()), &secret, 3)];
            if !found.contains(&Ok(b"mango".to_vec())) || found.iter().flatten().any(|content| content != b"mango") {
                return false;
            }
            match done {
                Ok(()) => return true,
                Err(_) => at += 211,
            }
        }
    }

    #[test]
    fn wherever_a_recovery_stops_the_content_is_there() {
        assert!(always_there(|disk, secret| recover(disk, secret, 2).map(drop)));
        // Control: halves first leaves an instant in which nothing opens the new ones.
        let halves_first = |disk: &FaultFile, secret: &RecoverySecret| {
            let (head, file, root) = (head(disk), disk.file(), root(2));
            let (number, payload) = secret.open(&head.fixed).unwrap();
            let payload = payload.with_new_key();
            let mut opening = Opening { head: &head, file: &file, root: &root, number, payload };
            opening.finish().map(drop)
        };
        assert!(!always_there(halves_first));
    }
}
