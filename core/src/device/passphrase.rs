//! Changing the passphrase of the vault that is open, or of the one that the current passphrase opens.

use super::{Attempt, Device, Unlocked, VAULT_FILE, VAULT_STEPS, moving};
use crate::error::{Error, Result};
use crate::time::Clock;
use crate::vault::{Changed, Passphrase, PassphraseChange, RightPassphrase};

impl Device {
    /// Gives the vault a new passphrase and a new data key. The current one is asked for again, because whoever holds an
    /// unlocked phone must not lock its owner out. An open vault stays open; a locked one stays locked.
    ///
    /// # Errors
    /// [`Error::NotForgotten`]: it is changed, but parts of the vault still lie under the former key; the next unlock sees to
    /// it.
    ///
    /// With nothing changed: [`Error::PassphraseTooShort`]; [`Error::SamePassphrase`]; [`Error::TooManyTries`]; [`Error::WrongPassphrase`], also if
    /// `current` belongs to another vault than the one that is open; [`Error::DeviceKey`]; damage by kind.
    ///
    /// Trouble with the file while it is changed, [`Error::InUse`] among it: the current passphrase is the right one still,
    /// unless the file cannot be opened at all; then one of the two opens it later, with nothing lost, and the vault is
    /// locked now.
    pub fn change_passphrase(&self, current: &Passphrase, new: &Passphrase, clock: &dyn Clock) -> Result<()> {
        new.fit_for_new()?;
        // EXPOSE: compared, and nothing else.
        if current.expose() == new.expose() {
            return Err(Error::SamePassphrase);
        }
        let path = self.folder.join(VAULT_FILE);
        // The slow part comes before the vault is taken, so that locking from another thread never waits for it.
        let change = self
            .throttled(clock, Attempt::Chooses, || PassphraseChange::prepare(&path, current, new, &*self.device_key))?;
        let mut vault = self.vault();
        if vault.as_ref().is_some_and(|open| open.store.region() != change.region()) {
            return Err(Error::WrongPassphrase);
        }
        // What it acknowledged is in the file; its lock on the file has to go.
        let outbox = vault.take().map(|open| open.outbox);
        let (container, outcome) = match change.run(&path) {
            Ok(Changed { container, forgotten: true }) => (container, Ok(())),
            Ok(Changed { container, forgotten: false }) => (container, Err(Error::NotForgotten)),
            Err(error) => match change.undo(&path) {
                Ok((container, RightPassphrase::Old)) => (container, Err(error)),
                Ok((container, RightPassphrase::New)) => (container, Ok(())),
                Err(_) => {
                    self.queues.vault_locked(change.region());
                    return Err(error);
                }
            },
        };
        if let Some(outbox) = outbox {
            let store = container.into_store(VAULT_STEPS).and_then(|mut store| {
                moving::settle(&mut store, outbox.as_deref().ok())?;
                Ok(store)
            });
            match store {
                Ok(store) => *vault = Some(Unlocked { store, outbox }),
                Err(error) => {
                    self.queues.vault_locked(change.region());
                    return Err(error);
                }
            }
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn other() -> Passphrase {
        Passphrase::new(b"paper mango window".to_vec()).unwrap()
    }

    fn wrong() -> Passphrase {
        Passphrase::new(b"not this one".to_vec()).unwrap()
    }

    #[test]
    fn the_new_passphrase_opens_everything_and_the_old_one_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        let first = device(folder.path());
        let id = draft(&first, "Example");
        first.change_passphrase(&passphrase(), &other(), &clock).unwrap();
        assert_eq!(first.drafts().unwrap().len(), 1, "an open vault stays open");
        let second = draft(&first, "Another example");
        first.lock();
        assert_eq!(first.unlock(&passphrase(), &clock), Err(Error::WrongPassphrase));
        first.unlock(&other(), &clock).unwrap();
        assert!(first.answers(id).is_ok() && first.answers(second).is_ok());
        drop(first);
        clock.pass(3_600);

        let again = reopened(folder.path());
        again.change_passphrase(&other(), &passphrase(), &clock).unwrap();
        assert!(again.is_locked(), "a locked vault stays locked");
        again.unlock(&passphrase(), &clock).unwrap();
        assert_eq!(again.drafts().unwrap().len(), 2);
    }

    #[test]
    fn a_wrong_current_passphrase_changes_nothing_and_leaves_the_vault_open() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        let path = folder.path().join(VAULT_FILE);
        let before = std::fs::read(&path).unwrap();
        assert_eq!(device.change_passphrase(&wrong(), &other(), &Still), Err(Error::WrongPassphrase));
        assert_eq!(device.change_passphrase(&passphrase(), &passphrase(), &Still), Err(Error::SamePassphrase));
        let short = Passphrase::new(b"mango 1".to_vec()).unwrap();
        assert_eq!(
            device.change_passphrase(&passphrase(), &short, &Still),
            Err(Error::PassphraseTooShort { least: 8 })
        );
        assert!(std::fs::read(&path).unwrap() == before);
        assert!(!device.is_locked());
        // Control: the right one changes the file.
        device.change_passphrase(&passphrase(), &other(), &Still).unwrap();
        assert!(std::fs::read(&path).unwrap() != before);
    }

    #[test]
    fn an_image_of_before_and_the_old_passphrase_read_nothing_that_came_after() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        let path = folder.path().join(VAULT_FILE);
        let before = std::fs::read(&path).unwrap();
        device.change_passphrase(&passphrase(), &other(), &Still).unwrap();
        draft(&device, "Example");
        drop(device);
        let after = std::fs::read(&path).unwrap();
        let reads = |file: Vec<u8>| {
            std::fs::write(&path, file).unwrap();
            let device = reopened(folder.path());
            device.unlock(&passphrase(), &Still).and_then(|()| device.drafts()).map(|drafts| drafts.len())
        };
        // The slots as they were, which the old passphrase opens, over the regions as they are.
        let spliced = [&before[..4_096], &after[4_096..]].concat();
        assert_eq!(reads(spliced), Err(Error::Damaged));
        // Control: the image as it was opens.
        assert_eq!(reads(before), Ok(0));
    }
}
