//! The device: a folder with a vault, a queue and a pool, and what a person does with it.
//!
//! ```text
//! draft (vault) ─▶ finish: seal ─▶ outbox (queue and pool) ─▶ sync ─▶ verified receipt frees the slot
//! ```
//! `Device` is shared by reference between threads. The vault is open between `unlock` and `lock`; the outbox is
//! open as long as the device is, because sending must not depend on the passphrase.

mod attach;
mod backoff;
mod drafts;
mod enrol;
mod finish;
mod finished;
#[cfg(test)]
mod finished_tests;
mod hold;
mod organisation;
mod outbox;
mod passphrase;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod schema_tests;
mod search;
mod settings;
mod slots;
mod sync;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod throttle;
mod undo;
#[cfg(test)]
mod undo_tests;
mod width;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kapok_report::{Answers, Pack};

pub use attach::{AttachmentView, NewAttachment};
pub use backoff::Backoff;
pub use drafts::{DraftId, DraftView};
pub use enrol::EnrolReport;
pub use finish::FinishedReport;
pub use finished::{FinishedId, FinishedView};
use hold::HoldRequest;
pub use organisation::OrganisationView;
use outbox::Outbox;
pub use outbox::{OutboxView, ReportState};
pub use search::{Hit, HitPlace};
pub use settings::Settings;
pub use undo::Undone;

pub use sync::{Progress, SyncEnd, SyncOptions, SyncReport};

use crate::error::{Error, Result};
use crate::time::{Clock, Time};
use crate::vault::{
    Container, DeviceKey, HalfFrames, KdfParams, Migrations, POOL_SLOT, Passphrase, QueueFile, SlotPool, Store,
};

const VAULT_FILE: &str = "vault.kpk";
const QUEUE_FILE: &str = "queue.kpk";
const POOL_FILE: &str = "pool.kpk";

pub(crate) const VAULT_STEPS: Migrations = Migrations(&[
    ("001_initial", include_str!("migrations/vault/001_initial.sql")),
    ("002_content", include_str!("migrations/vault/002_content.sql")),
]);
const QUEUE_STEPS: Migrations = Migrations(&[("001_initial", include_str!("migrations/queue/001_initial.sql"))]);

/// Sizes fixed when a device is made. Everything has its full size from then on.
#[derive(Clone, Copy, Debug)]
pub struct CreateOptions {
    /// Half of a vault region, in frames of 64 KiB.
    pub half: HalfFrames,
    /// Slots of the pool, 64 KiB each.
    pub pool_slots: u32,
    /// Cost of one guess at the passphrase.
    pub kdf: KdfParams,
}

impl Default for CreateOptions {
    fn default() -> Self {
        Self { half: HalfFrames::VAULT_DEFAULT, pool_slots: SlotPool::DEFAULT_SLOTS, kdf: KdfParams::FLOOR }
    }
}

/// A device folder, opened by this process alone.
pub struct Device {
    folder: PathBuf,
    device_key: Arc<dyn DeviceKey>,
    outbox: Arc<Outbox>,
    hold_request: HoldRequest,
    vault: Mutex<Option<Store>>,
    reserved: slots::Reserved,
    throttle: throttle::Throttle,
    /// Taken before every other lock: see [`Device::draft_stays`].
    drafts_end: RwLock<()>,
    /// One sync at a time: two would send every object twice.
    sending: tokio::sync::Mutex<()>,
    pack: Pack,
}

impl Device {
    /// Makes a device in `folder` and unlocks it.
    ///
    /// A queue or pool that is already there, after a damaged vault was set aside, is kept: what waits is still sent.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if there is a vault; [`Error::PassphraseTooShort`]; [`Error::DiskFull`] with nothing left
    /// behind.
    pub fn create(
        folder: &Path,
        passphrase: &Passphrase,
        device_key: Arc<dyn DeviceKey>,
        options: CreateOptions,
    ) -> Result<Self> {
        passphrase.fit_for_new()?;
        make_private_folder(folder)?;
        if folder.join(VAULT_FILE).exists() {
            return Err(Error::AlreadyExists);
        }
        let outbox = match Self::open_outbox(folder, &*device_key) {
            Err(Error::NotFound) => Self::make_outbox(folder, &*device_key, options.pool_slots)?,
            other => other?,
        };
        // The vault comes last: a folder that has one is complete.
        let container =
            Container::create(&folder.join(VAULT_FILE), options.half, passphrase, &*device_key, options.kdf)?;
        let device = Self::assemble(folder, device_key, outbox)?;
        *device.vault() = Some(container.into_store(VAULT_STEPS)?);
        Ok(device)
    }

    /// Opens a device, locked: it can send and tell what waits.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::InUse`], and damage by kind; nothing is changed then.
    pub fn open(folder: &Path, device_key: Arc<dyn DeviceKey>) -> Result<Self> {
        if !folder.join(VAULT_FILE).exists() {
            return Err(Error::NotFound);
        }
        let outbox = Self::open_outbox(folder, &*device_key)?;
        Self::assemble(folder, device_key, outbox)
    }

    /// Opens the vault that this passphrase belongs to, and ends a finish that a crash interrupted. One that is open is closed
    /// first, and stays closed if the passphrase is wrong.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`]; [`Error::TooManyTries`] with nothing tried; damage by kind, with the file left as it is.
    pub fn unlock(&self, passphrase: &Passphrase, clock: &dyn Clock) -> Result<()> {
        let path = self.folder.join(VAULT_FILE);
        let container = self.throttled(clock, || {
            self.lock();
            Container::open(&path, passphrase, &*self.device_key)
        })?;
        *self.vault() = Some(container.into_store(VAULT_STEPS)?);
        self.end_interrupted_finish()
    }

    /// Closes the vault. May be called twice, from any thread; what was acknowledged is durable already.
    pub fn lock(&self) {
        *self.vault() = None;
    }

    /// Whether the vault is closed.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.vault().is_none()
    }

    /// True if half of the vault was damaged when it was opened: the content is the last whole one.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn was_repaired(&self) -> Result<bool> {
        self.with_vault(|vault| Ok(vault.one_copy_was_bad()))
    }

    /// Moves a vault that cannot be opened aside, on a person's word, and gives its new name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::InUse`].
    pub fn set_aside(folder: &Path) -> Result<PathBuf> {
        Container::set_aside(&folder.join(VAULT_FILE))
    }

    /// The forms and labels in force.
    #[must_use]
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// Begins a draft of a form. `lang` is the language of free text (BCP 47).
    ///
    /// # Errors
    /// [`Error::NoSuchForm`], [`Error::Locked`], [`Error::VaultFull`].
    pub fn new_draft(&self, form: &str, lang: &str, now: Time) -> Result<DraftId> {
        let version = self.pack.form(form).map_err(|_| Error::NoSuchForm)?.version();
        self.with_vault(|vault| {
            undo::with_room(vault, |vault, room| {
                vault.write(|db| {
                    room.make(db)?;
                    drafts::create(db, (form, version), lang, now)
                })
            })
        })
    }

    /// Drafts, oldest first; no answer is read for it.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn drafts(&self) -> Result<Vec<DraftView>> {
        self.with_vault(|vault| vault.read(drafts::list))
    }

    /// A draft's answers so far.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn answers(&self, draft: DraftId) -> Result<Answers> {
        self.with_vault(|vault| vault.read(|db| Ok(drafts::head(db, draft)?.answers)))
    }

    /// The form a draft answers and the language of its free text.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn draft_form(&self, draft: DraftId) -> Result<(String, String)> {
        self.with_vault(|vault| vault.read(|db| drafts::head(db, draft).map(|head| (head.form_id, head.lang))))
    }

    /// Saves a draft's answers; durable, with one flush, when this returns.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`], [`Error::VaultFull`] with the former answers kept.
    pub fn save_answers(&self, draft: DraftId, answers: &Answers, now: Time) -> Result<()> {
        let _stays = self.draft_stays();
        self.refuse_sealed(draft)?;
        self.with_vault(|vault| undo::save(vault, draft, answers, now))
    }

    /// Deletes a draft and its attachments for good: both copies in the vault, then their slots. If a finish sealed it
    /// before a crash, the report stays in the outbox.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn delete_draft(&self, draft: DraftId) -> Result<()> {
        let _ends = self.draft_ends();
        if self.end_if_sealed(draft)?.is_some() {
            return Ok(());
        }
        // Until the slots are overwritten nobody else gets them, or what the new owner wrote would be destroyed.
        let _unclaimed = self.reserved.hold();
        let attachments = self.with_vault(|vault| vault.read(|db| attach::list(db, draft)))?;
        let forgotten = self.with_vault(|vault| vault.write_forgetting(|db| drafts::delete(db, draft)));
        let slots: Vec<_> = attachments.into_iter().flat_map(|attachment| attachment.slots).collect();
        self.overwrite_after(forgotten, &slots)
    }

    /// What waits or was sent. Works while locked.
    ///
    /// # Errors
    /// Damage of the queue file.
    pub fn outbox(&self) -> Result<Vec<OutboxView>> {
        self.outbox.view()
    }

    fn with_vault<T>(&self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        work(self.vault().as_mut().ok_or(Error::Locked)?)
    }

    /// A panic while the mutex was held left the store as its last transaction did, so going on is sound.
    fn vault(&self) -> MutexGuard<'_, Option<Store>> {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while something is added to a draft, so that no finish in another thread seals the draft without it and then
    /// forgets it: what was acknowledged is in the report.
    fn draft_stays(&self) -> RwLockReadGuard<'_, ()> {
        self.drafts_end.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while a draft is finished or deleted.
    fn draft_ends(&self) -> RwLockWriteGuard<'_, ()> {
        self.drafts_end.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn assemble(folder: &Path, device_key: Arc<dyn DeviceKey>, outbox: Outbox) -> Result<Self> {
        let hold_request = HoldRequest::of(folder);
        // If that fails, the request stands and holds as it is: an error here would keep the owner out of the drafts.
        let _ = hold_request.adopt(&outbox);
        Ok(Self {
            folder: folder.to_owned(),
            device_key,
            outbox: Arc::new(outbox),
            hold_request,
            vault: Mutex::new(None),
            reserved: slots::Reserved::default(),
            throttle: throttle::Throttle::default(),
            drafts_end: RwLock::default(),
            sending: tokio::sync::Mutex::default(),
            pack: Pack::builtin(),
        })
    }

    fn open_outbox(folder: &Path, device_key: &dyn DeviceKey) -> Result<Outbox> {
        let queue = QueueFile::open(&folder.join(QUEUE_FILE), device_key)?.into_store(QUEUE_STEPS)?;
        Outbox::open(queue, |slots| SlotPool::open(&folder.join(POOL_FILE), slots))
    }

    fn make_outbox(folder: &Path, device_key: &dyn DeviceKey, slots: u32) -> Result<Outbox> {
        let pool_path = folder.join(POOL_FILE);
        let queue = match QueueFile::open(&folder.join(QUEUE_FILE), device_key) {
            Err(Error::NotFound) => None,
            opened => Some(opened?.into_store(QUEUE_STEPS)?),
        };
        // A queue that was filled waits for its pool: random slots would be sent in place of the lost ones.
        let queue = queue.map(Outbox::unfilled).transpose()?;
        // A pool without a queue is what a crash during creation leaves; nothing in it can be in use.
        let pool = match SlotPool::create(&pool_path, slots) {
            Err(Error::AlreadyExists) => {
                let len = fs::metadata(&pool_path)?.len() / POOL_SLOT as u64;
                SlotPool::open(&pool_path, u32::try_from(len).map_err(|_| Error::BadSize)?)?
            }
            other => other?,
        };
        let pool_slots = pool.slots();
        Outbox::make(queue.map_or_else(|| make_queue(folder, device_key, pool_slots), Ok)?, pool)
    }
}

/// A queue that has room for a receipt of every slot, twice over: 1 KiB a slot, and the default size at least.
fn make_queue(folder: &Path, device_key: &dyn DeviceKey, slots: u32) -> Result<Store> {
    let frames = (slots / 64).clamp(HalfFrames::QUEUE_DEFAULT.get(), HalfFrames::MAX);
    QueueFile::create(&folder.join(QUEUE_FILE), HalfFrames::new(frames)?, device_key)?.into_store(QUEUE_STEPS)
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    Ok(())
}
