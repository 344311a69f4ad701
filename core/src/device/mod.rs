//! The device: a folder with a vault, a queue and a pool, and what a person does with it.
//!
//! ```text
//! draft (vault) ─▶ finish: seal ─▶ outbox (queue and pool) ─▶ sync ─▶ verified receipt frees the slot
//! ```
//! `Device` is shared by reference between threads. A vault is open between `unlock` and `lock`; an outbox that its vault
//! lent to the sender is open as long as the device is, because sending must not depend on the passphrase.
//!
//! A device may have up to four vaults, each with a passphrase, an outbox and an enrolment of its own. None knows whether
//! it is the first: see [`crate::Further`].

mod attach;
mod backoff;
#[cfg(test)]
mod bad_folder_tests;
mod drafts;
mod enrol;
mod erase;
mod finish;
mod finished;
#[cfg(test)]
mod finished_tests;
mod hold;
#[cfg(test)]
mod interrupted_tests;
mod moving;
mod numbers;
#[cfg(test)]
mod old_device_tests;
mod organisation;
mod outbox;
mod passphrase;
mod pool;
mod queues;
mod record;
mod recovery;
#[cfg(test)]
mod recovery_tests;
mod renew;
#[cfg(test)]
mod schema_tests;
mod search;
mod session;
mod settings;
mod slots;
mod storage_audit;
mod sync;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod throttle;
mod undo;
#[cfg(test)]
mod undo_tests;
#[cfg(test)]
mod vaults_tests;
mod width;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kapok_report::{Answers, Pack};

pub use attach::{AttachmentView, NewAttachment};
pub use backoff::Backoff;
pub use drafts::{DraftId, DraftView};
pub use enrol::EnrolReport;
pub use erase::EraseAfter;
pub use finish::FinishedReport;
pub use finished::{FinishedId, FinishedView};
use hold::HoldRequest;
pub use moving::{MoveError, MoveKey, MoveState};
pub use organisation::OrganisationView;
use outbox::Outbox;
pub use outbox::{OutboxView, ReportState};
pub use pool::{GrowthIsVisible, PoolView};
use queues::Queues;
pub use recovery::{RecoveryShare, RecoveryView, ShareError};
pub use search::{Hit, HitPlace};
use session::Moment;
pub use session::SessionLimits;
pub use settings::Settings;
pub use storage_audit::{StorageFinding, StorageProblem};
use throttle::Attempt;
pub use undo::Undone;

pub use sync::{Progress, SyncEnd, SyncOptions, SyncReport};

use crate::error::{Error, Result};
use crate::time::{Clock, Time};
use crate::vault::{
    Container, DeviceKey, Further, HalfFrames, KdfParams, Migrations, NewVaults, Opened, Passphrase, SlotPool, Store,
};

const VAULT_FILE: &str = "vault.kpk";
const QUEUE_FILE: &str = "queue.kpk";
const POOL_FILE: &str = "pool.kpk";

pub(crate) const VAULT_STEPS: Migrations = Migrations(&[
    ("001_initial", include_str!("migrations/vault/001_initial.sql")),
    ("002_content", include_str!("migrations/vault/002_content.sql")),
    ("003_own_queue", include_str!("migrations/vault/003_own_queue.sql")),
    ("004_moving", include_str!("migrations/vault/004_moving.sql")),
    ("005_recovery", include_str!("migrations/vault/005_recovery.sql")),
    ("006_numbers", include_str!("migrations/vault/006_numbers.sql")),
    ("007_digits", include_str!("migrations/vault/007_digits.sql")),
]);

/// Sizes fixed when a device is made. Everything has its full size from then on.
#[derive(Clone, Copy, Debug)]
pub struct CreateOptions {
    /// Half of a vault region, in frames of 64 KiB.
    pub half: HalfFrames,
    /// Slots of the pool, 64 KiB each, a quarter for each vault: a multiple of four.
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
    queues: Queues,
    hold_request: HoldRequest,
    vault: Mutex<Option<Unlocked>>,
    /// How often the vault was asked to be locked: see [`Device::enter`].
    locks: AtomicU64,
    reserved: slots::Reserved,
    sessions: session::Sessions,
    throttle: throttle::Throttle,
    /// Taken before every other lock: see [`Device::draft_stays`].
    drafts_end: RwLock<()>,
    /// One sync at a time: two would send every object twice.
    sending: tokio::sync::Mutex<()>,
    pack: Pack,
}

/// The vault that is open, and its outbox.
struct Unlocked {
    store: Store,
    /// [`Error::OutboxDamaged`] keeps nobody from the drafts.
    outbox: Result<Arc<Outbox>>,
}

impl Device {
    /// Makes a device in `folder` with one vault, and unlocks it.
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
        Self::create_with(folder, passphrase, &[], device_key, options)
    }

    /// As [`Self::create`], with further passphrases. Each costs the time of an unlock.
    ///
    /// A vault that is not the first cannot overwrite what others hold, and the first cannot overwrite theirs: each has a
    /// part of every file of its own. The first one's slot lists the regions of all; nothing else tells it from the others.
    ///
    /// # Errors
    /// As [`Self::create`]; [`Error::TooManyPassphrases`], [`Error::SamePassphrase`] with nothing left behind.
    pub fn create_with(
        folder: &Path,
        passphrase: &Passphrase,
        further: &[Further<'_>],
        device_key: Arc<dyn DeviceKey>,
        options: CreateOptions,
    ) -> Result<Self> {
        passphrase.fit_for_new()?;
        Further::refuse_unfit(passphrase, further)?;
        make_private_folder(folder)?;
        erase::finish_cut(folder, &*device_key)?;
        if folder.join(VAULT_FILE).exists() {
            return Err(Error::AlreadyExists);
        }
        let queues = match Queues::open(folder, &*device_key) {
            Err(Error::NotFound) => Queues::make(folder, &*device_key, options.pool_slots)?,
            other => other?,
        };
        // The vault comes last: a folder that has one is complete.
        let container = Container::create(
            &folder.join(VAULT_FILE),
            options.half,
            NewVaults { first: passphrase, further, waiting: &queues.lent_regions()? },
            &*device_key,
            options.kdf,
        )?;
        let device = Self::assemble(folder, device_key, queues);
        device.enter(container, device.locks_so_far())?;
        Ok(device)
    }

    /// Opens a device, locked: it can send and tell what waits.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, also where an erasing that was cut had to be ended first; [`Error::InUse`], and
    /// damage by kind; nothing is changed then.
    pub fn open(folder: &Path, device_key: Arc<dyn DeviceKey>) -> Result<Self> {
        erase::finish_cut(folder, &*device_key)?;
        if !folder.join(VAULT_FILE).exists() {
            return Err(Error::NotFound);
        }
        let queues = Queues::open(folder, &*device_key)?;
        Ok(Self::assemble(folder, device_key, queues))
    }

    /// Opens the vault that this passphrase belongs to, and ends a finish that a crash interrupted. One that is open is closed
    /// first, and stays closed if the passphrase is wrong.
    ///
    /// A passphrase that was set to erase ([`Further::Erase`]) erases everything and opens an empty vault.
    ///
    /// If [`Self::lock`] is called meanwhile, the vault does not open.
    ///
    /// # Errors
    /// [`Error::Locked`] in that case;
    /// [`Error::WrongPassphrase`]; [`Error::TooManyTries`] with nothing tried; [`Error::Erased`] if this was one wrong passphrase
    /// too many ([`Self::set_erase_after`]); damage by kind, with the file left as it is.
    pub fn unlock(&self, passphrase: &Passphrase, clock: &dyn Clock) -> Result<()> {
        let path = self.folder.join(VAULT_FILE);
        let (began, locks) = (Moment::of(clock), self.locks_so_far());
        let opened = self.throttled(clock, Attempt::Opens, || {
            self.close_vault();
            Container::open(&path, passphrase, &*self.device_key)
        })?;
        let container = match opened {
            Opened::Vault(container) => container,
            Opened::Erase(eraser) => self.erase_and_begin_anew(eraser)?,
        };
        self.enter(container, locks)?;
        self.sessions.begin(clock, began);
        self.end_interrupted_finish_or_later()
    }

    /// Closes the vault, also one that is being unlocked. May be called twice, from any thread; what was acknowledged is durable already.
    pub fn lock(&self) {
        self.locks.fetch_add(1, Ordering::SeqCst);
        self.close_vault();
    }

    fn locks_so_far(&self) -> u64 {
        self.locks.load(Ordering::SeqCst)
    }

    fn close_vault(&self) {
        let region = self.vault().take().map(|open| open.store.region());
        if let Some(region) = region {
            self.queues.vault_locked(region);
        }
    }

    /// Whether the open vault's outbox cannot be read.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn is_outbox_damaged(&self) -> Result<bool> {
        Ok(self.sound_outbox()?.is_none())
    }

    /// Begins a new, empty outbox for the open vault if its own is damaged ([`Error::OutboxDamaged`]), on a person's word: what
    /// waited in it is lost, and the vault has to be enrolled again. One that is sound, or can be read after all, is taken as it is.
    ///
    /// # Errors
    /// [`Error::Locked`], trouble with the queue file.
    pub fn renew_damaged_outbox(&self) -> Result<()> {
        let mut vault = self.vault();
        let open = vault.as_mut().ok_or(Error::Locked)?;
        if open.outbox.is_err() {
            let found = self.queues.of_vault(&mut open.store).or_else(|_| self.queues.renew(&mut open.store));
            let found = found?;
            // A vault that was sent holds the new one too, and its move can be ended or cancelled again.
            moving::settle(&mut open.store, Some(&found))?;
            open.outbox = Ok(found);
        }
        Ok(())
    }

    /// Whether what waits in the open vault's outbox may be sent while the vault is locked, which is so at first. It means that
    /// whoever has the device key learns that something waits, how much, and for whom; not what it says.
    ///
    /// # Errors
    /// [`Error::Locked`], trouble with the queue file.
    pub fn sends_while_locked(&self) -> Result<bool> {
        let region = self.with_vault(|vault| Ok(vault.region()))?;
        Ok(self.queues.lent_regions()?.contains(&region))
    }

    /// Sets it.
    ///
    /// # Errors
    /// [`Error::Locked`], trouble with the queue file.
    pub fn set_sends_while_locked(&self, yes: bool) -> Result<()> {
        self.with_vault(|vault| self.queues.lend(vault, yes))
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
        self.with_vault(|vault| vault.read(|db| drafts::head(db, draft)?.answers()))
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
        let region = self.open_region()?;
        let _stays = self.draft_stays();
        self.refuse_sealed(draft)?;
        self.with_region(region, |vault| undo::save(vault, draft, answers, now))
    }

    /// Deletes a draft and its attachments for good: both copies in the vault, then their slots. If a finish sealed it
    /// before a crash, the report stays in the outbox.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::Locked`].
    pub fn delete_draft(&self, draft: DraftId) -> Result<()> {
        let region = self.open_region()?;
        let _ends = self.draft_ends();
        self.with_region(region, |_| Ok(()))?;
        if self.end_if_sealed(draft)?.is_some() {
            return Ok(());
        }
        // Until the slots are overwritten nobody else gets them, or what the new owner wrote would be destroyed.
        let _unclaimed = self.reserved.hold();
        let outbox = self.sound_outbox()?;
        let attachments = self.with_vault(|vault| vault.read(|db| attach::list(db, draft)))?;
        let forgotten = self.with_region(region, |vault| vault.write_forgetting(|db| drafts::delete(db, draft)));
        let slots: Vec<_> = attachments.into_iter().flat_map(|attachment| attachment.slots).collect();
        attach::overwrite_after(outbox.as_deref(), forgotten, &slots)
    }

    /// What waits or was sent of the open vault's reports. While all vaults are locked: what the sender has from them, without
    /// code or day, which only a vault knows.
    ///
    /// # Errors
    /// Damage of the queue file.
    pub fn outbox(&self) -> Result<Vec<OutboxView>> {
        if matches!(self.own_outbox(), Err(Error::OutboxDamaged)) {
            return Err(Error::OutboxDamaged);
        }
        let mut views = Vec::new();
        for outbox in self.outboxes() {
            views.extend(outbox.view()?);
        }
        let kept = match self.with_vault(|vault| vault.read(finished::by_mark)) {
            Err(Error::Locked) => BTreeMap::new(),
            kept => kept?,
        };
        let known = |(mark, view): ([u8; 16], OutboxView)| match kept.get(&mark) {
            Some((code, day)) => OutboxView { code: Some(code.clone()), day: Some(*day), ..view },
            None => view,
        };
        Ok(views.into_iter().map(known).collect())
    }

    fn with_vault<T>(&self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        work(&mut self.vault().as_mut().ok_or(Error::Locked)?.store)
    }

    /// Works on the vault in this region, if it is the one that is open still: another thread may have locked it.
    fn with_region<T>(&self, region: u8, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        self.with_vault(|vault| if vault.region() == region { work(vault) } else { Err(Error::Locked) })
    }

    /// The region of the vault that is open. Whoever waits for something first and then works on a draft asks for it before: numbers
    /// of drafts are those of one vault, and another one may be open by then.
    fn open_region(&self) -> Result<u8> {
        self.with_vault(|vault| Ok(vault.region()))
    }

    /// The vault that is open, as its region and outbox.
    fn open_vault(&self) -> Result<(u8, Arc<Outbox>)> {
        let vault = self.vault();
        let open = vault.as_ref().ok_or(Error::Locked)?;
        Ok((open.store.region(), open.outbox.clone()?))
    }

    /// The outbox of the vault that is open.
    fn own_outbox(&self) -> Result<Arc<Outbox>> {
        self.vault().as_ref().ok_or(Error::Locked)?.outbox.clone()
    }

    /// The same; `None` if it is damaged, for what can be done without it.
    fn sound_outbox(&self) -> Result<Option<Arc<Outbox>>> {
        match self.own_outbox() {
            Err(Error::OutboxDamaged) => Ok(None),
            outbox => outbox.map(Some),
        }
    }

    /// The outboxes that count now: that of the open vault, or all that were lent while none is open.
    fn outboxes(&self) -> Vec<Arc<Outbox>> {
        match self.own_outbox() {
            Ok(own) => vec![own],
            Err(Error::Locked) => self.queues.lent(),
            Err(_) => Vec::new(),
        }
    }

    /// Makes a container's vault the open one, unless somebody locked since there were so many `locks`: the slow hash takes
    /// seconds, in which a phone can be taken, and who locked it must not find it open.
    fn enter(&self, container: Container, locks: u64) -> Result<()> {
        let mut store = container.into_store(VAULT_STEPS)?;
        let outbox = match self.queues.of_vault(&mut store) {
            // Both copies are bad, or the medium gives neither. What waited cannot be sent; what was written can be read.
            Err(Error::Damaged | Error::Io(_)) => Err(Error::OutboxDamaged),
            outbox => Ok(outbox?),
        };
        let region = store.region();
        let settled = moving::settle(&mut store, outbox.as_deref().ok()).and_then(|()| {
            let mut vault = self.vault();
            if self.locks_so_far() != locks {
                return Err(Error::Locked);
            }
            *vault = Some(Unlocked { store, outbox });
            Ok(())
        });
        if settled.is_err() {
            self.queues.vault_locked(region);
        }
        settled
    }

    /// A panic while the mutex was held left the store as its last transaction did, so going on is sound.
    fn vault(&self) -> MutexGuard<'_, Option<Unlocked>> {
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

    fn assemble(folder: &Path, device_key: Arc<dyn DeviceKey>, queues: Queues) -> Self {
        let hold_request = HoldRequest::of(folder);
        // If that fails, the request stands and holds as it is: an error here would keep the owner out of the drafts.
        let _ = hold_request.adopt(queues.record());
        Self {
            folder: folder.to_owned(),
            device_key,
            queues,
            hold_request,
            vault: Mutex::new(None),
            locks: AtomicU64::new(0),
            reserved: slots::Reserved::default(),
            sessions: session::Sessions::default(),
            throttle: throttle::Throttle::default(),
            drafts_end: RwLock::default(),
            sending: tokio::sync::Mutex::default(),
            pack: Pack::builtin(),
        }
    }
}

fn make_private_folder(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    Ok(())
}
