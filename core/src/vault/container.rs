//! `vault.kpk`: a header, four slots with a spare each, four regions. Length, name and shape are the same for everyone.
//!
//! | offset | length | content |
//! |---|---|---|
//! | 0 | 64 | header (see `header`) |
//! | 64 | 4 × 512 | slots |
//! | 2,112 | 4 × 496 | spare slots |
//! | 4,096 | 4 × 2 × S | regions, two halves each |
//! | 4,096 + 8 × S | 4,096 | the first page once more |
//!
//! Everything that is not used is random from the first second.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::block_file::{BlockFile, LockedFile};
use super::device_key::DeviceKey;
use super::erase::Eraser;
use super::full_file;
use super::head::{self, Head};
use super::header::{Fixed, HalfFrames, VaultHeader};
use super::kdf::KdfParams;
use super::keys::{DataKey, RootKey};
use super::migrate::Migrations;
use super::opening::Opening;
use super::passphrase::Passphrase;
use super::region::{Loaded, Region, RegionPlace};
use super::slots::{self, SLOTS, SlotContent, SlotPayload, SlotPlace};
use super::store::Store;
use crate::error::{Error, Result};

/// Name of the device key that slows guessing. All slots share it: destroying it closes every vault in the file.
pub(crate) const VAULT_ALIAS: &str = "kapok-vault";

/// A passphrase beside the first, given when a device is made.
#[derive(Debug, Clone, Copy)]
pub enum Further<'a> {
    /// Opens a vault of its own, which is like any other: nothing in it tells that it is not the first.
    Vault(&'a Passphrase),
    /// Erases everything instead of opening, and opens an empty vault.
    Erase(&'a Passphrase),
}

impl<'a> Further<'a> {
    /// Further passphrases that a device takes.
    pub const MOST: usize = SLOTS as usize - 1;

    /// Each passphrase must be fit for a vault and differ from all others, or one would open two.
    pub(crate) fn refuse_unfit(first: &Passphrase, further: &[Self]) -> Result<()> {
        if further.len() > Self::MOST {
            return Err(Error::TooManyPassphrases { limit: Self::MOST });
        }
        let mut seen = vec![first];
        for passphrase in further.iter().map(|key| key.passphrase()) {
            passphrase.fit_for_new()?;
            // EXPOSE: compared, and nothing else.
            if seen.iter().any(|other| other.expose() == passphrase.expose()) {
                return Err(Error::SamePassphrase);
            }
            seen.push(passphrase);
        }
        Ok(())
    }

    /// Its passphrase.
    #[must_use]
    pub fn passphrase(self) -> &'a Passphrase {
        match self {
            Self::Vault(passphrase) | Self::Erase(passphrase) => passphrase,
        }
    }
}

/// What a container is made for.
pub(crate) struct NewVaults<'a> {
    /// Passphrase of the first vault.
    pub(crate) first: &'a Passphrase,
    pub(crate) further: &'a [Further<'a>],
    /// Regions whose queues hold what a vault that was set aside left.
    pub(crate) waiting: &'a [u8],
}

impl NewVaults<'_> {
    /// The regions in the order in which they are given away. A single queue that was left goes to the first vault, which is
    /// that of the same person; of several nobody can tell whose they are, so they come last.
    fn regions(&self) -> impl Iterator<Item = u8> {
        let mut regions: Vec<u8> = shuffled().collect();
        let left = |region: &u8| self.waiting.contains(region);
        regions.sort_by_key(|region| if self.waiting.len() == 1 { !left(region) } else { left(region) });
        regions.into_iter()
    }
}

/// An opened vault.
pub(crate) struct Container(Loaded);

/// What a passphrase leads to.
pub(crate) enum Opened {
    /// A vault.
    Vault(Container),
    /// The end of all vaults in the file.
    Erase(Eraser),
}

impl Container {
    /// Makes a container at full size with the vaults of these passphrases, and the device key if there is none. Gives back
    /// the first vault.
    pub(crate) fn create(
        path: &Path,
        half: HalfFrames,
        vaults: NewVaults<'_>,
        device_key: &dyn DeviceKey,
        kdf: KdfParams,
    ) -> Result<Self> {
        // Asked first, so that a mistake costs neither seconds nor a device key; asked again when the file is made.
        full_file::refuse_existing(path)?;
        let header = VaultHeader { kdf, salt: kapok_wire::rng::bytes(), half };
        let fixed = header.encode();
        device_key.create(VAULT_ALIAS)?;
        let keys = std::iter::once(Further::Vault(vaults.first)).chain(vaults.further.iter().copied());
        let (slots, regions) = (shuffled(), vaults.regions());
        let mut used = Vec::new();
        for ((key, slot), region) in keys.zip(slots).zip(regions) {
            let root = Guess::derive(&header, key.passphrase(), device_key)?.root;
            used.push(match key {
                Further::Vault(_) => NewSlot { slot, root, vault: Some((region, DataKey::make())) },
                Further::Erase(_) => NewSlot { slot, root, vault: None },
            });
        }
        let all = used.iter().filter_map(|new| new.vault.as_ref()).fold(0, |known, (region, _)| known | 1 << region);

        let file = full_file::make(path, head::file_len(half), |file| {
            for at in [0, head::back_at(half)] {
                file.write_at(at, fixed.bytes())?;
            }
            for (number, new) in used.iter_mut().enumerate() {
                // The first vault knows of all, and any other of itself alone, as everybody's only vault does.
                let known = |region: u8| if number == 0 { all } else { 1 << region };
                new.write(file, &fixed, half, known)?;
            }
            Ok(())
        })?;
        let Some(NewSlot { vault: Some((region, key)), .. }) = used.first() else { return Err(Error::Store) };
        let place = RegionPlace { number: *region, half };
        Ok(Self(Region::load(file, &fixed, place, &key.derive_region(*region))?))
    }

    /// Opens what this passphrase leads to. Changes nothing in the file, unless a change of passphrase was cut or
    /// a page or key slot damaged: that is mended then.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`]; [`Error::Erased`] if an erasing was cut.
    pub(crate) fn open(path: &Path, passphrase: &Passphrase, device_key: &dyn DeviceKey) -> Result<Opened> {
        let file = Arc::new(LockedFile::open(path)?);
        let mut refused = Error::WrongPassphrase;
        for head in Head::read_all(&*file, file.len()?)? {
            let guess = Guess::derive(&head.header, passphrase, device_key)?;
            match head.unlock(file.clone(), &guess.root) {
                Ok(Some(container)) => {
                    // As with other mending: if it fails, the next opening tries again.
                    let _ = head.add_copy(&*file);
                    return Ok(Opened::Vault(container));
                }
                Ok(None) => return Eraser::new(file, head.header, guess.slow).map(Opened::Erase),
                // What is wrong with the vault is told before what another header says.
                Err(error) if refused == Error::WrongPassphrase => refused = error,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    pub(super) fn loaded(found: Loaded) -> Self {
        Self(found)
    }

    #[cfg(test)]
    pub(super) fn content(&self) -> &[u8] {
        &self.0.content
    }

    #[cfg(test)]
    pub(super) fn one_copy_bad(&self) -> bool {
        self.0.one_copy_bad
    }

    #[cfg(test)]
    pub(super) fn into_region(self) -> Region {
        self.0.region
    }

    /// Loads the database, brought up to date by `migrations`.
    pub(crate) fn into_store(self, migrations: Migrations) -> Result<Store> {
        Store::open(self.0, migrations)
    }

    /// Moves a damaged container to `vault.kpk.aside-N` and returns the new name. Only ever on a person's word.
    pub(crate) fn set_aside(path: &Path) -> Result<PathBuf> {
        full_file::set_aside(path)
    }
}

impl Opened {
    /// The vault, where nothing was set to erase.
    #[cfg(test)]
    pub(super) fn vault(self) -> Container {
        match self {
            Self::Vault(container) => container,
            Self::Erase(_) => panic!("this passphrase erases"),
        }
    }
}

impl Head {
    /// The vault of this key; `None` if it erases.
    pub(super) fn unlock(&self, file: Arc<dyn BlockFile>, root: &RootKey) -> Result<Option<Container>> {
        let found = self.find(root)?;
        match found.content {
            SlotContent::Vault(payload) => Opening { head: self, file: &file, root, number: found.number, payload }
                .open(found.opened)
                .map(|loaded| Some(Container(loaded))),
            SlotContent::Erase => Ok(None),
        }
    }
}

/// One slow hash and one device operation: the price of a guess.
pub(super) struct Guess {
    pub(super) root: RootKey,
    /// The slow hash, before the device key.
    pub(super) slow: Zeroizing<[u8; 64]>,
}

impl Guess {
    pub(super) fn derive(header: &VaultHeader, passphrase: &Passphrase, device_key: &dyn DeviceKey) -> Result<Self> {
        let slow = header.kdf.derive(passphrase, &header.salt)?;
        let root = bind(header, &slow, device_key)?;
        Ok(Self { root, slow })
    }
}

/// The device operation alone.
pub(super) fn bind(header: &VaultHeader, slow: &[u8; 64], device_key: &dyn DeviceKey) -> Result<RootKey> {
    let bound = device_key.mac(VAULT_ALIAS, slow.as_ref())?;
    Ok(RootKey::derive(&header.salt, slow, &bound))
}

/// A slot that is being filled for the first time.
pub(super) struct NewSlot {
    pub(super) slot: u8,
    pub(super) root: RootKey,
    /// Region and data key, unless it erases.
    pub(super) vault: Option<(u8, DataKey)>,
}

impl NewSlot {
    /// Writes an empty region and the slot's four copies; the caller flushes.
    pub(super) fn write(
        &mut self,
        file: &Arc<LockedFile>,
        fixed: &Fixed,
        half: HalfFrames,
        known: impl FnOnce(u8) -> u8,
    ) -> Result<()> {
        let content = match self.vault.take() {
            Some((region, key)) => {
                let place = RegionPlace { number: region, half };
                Region::format(file.clone(), fixed, place, &key.derive_region(region))?;
                SlotContent::Vault(SlotPayload { region, key, known_regions: known(region), former: None })
            }
            None => SlotContent::Erase,
        };
        for place in SlotPlace::copies_of(self.slot) {
            let sealed = slots::seal(&self.root, fixed.bytes(), place, &content)?;
            file.write_at(head::offset(half, place), &sealed)?;
        }
        if let SlotContent::Vault(payload) = content {
            self.vault = Some((payload.region, payload.key));
        }
        Ok(())
    }
}

/// The numbers of slots or regions, in random order.
pub(super) fn shuffled() -> impl Iterator<Item = u8> {
    let mut left: Vec<u8> = (0..SLOTS).collect();
    std::iter::from_fn(move || {
        let drawn = usize::from(kapok_wire::rng::bytes::<1>()[0]);
        // At most four are left and 256 is a multiple of 1, 2 and 4; for three the bias is 1 in 256.
        (!left.is_empty()).then(|| left.swap_remove(drawn % left.len()))
    })
}
