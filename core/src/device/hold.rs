//! The person's own stop, which must work at any moment: locked, after a restart, and while another process sends.
//!
//! The hold itself is a row of the queue, which only the process that has the device open can write. Somebody who wants
//! a running sync to stop cannot wait for that process to end, so any process may also *request* the hold: an empty file
//! in the folder, looked at wherever the hold is, and turned into the row at the next opening. It can stop, never send,
//! and it is gone in the steady state, so the folder keeps its three files. A socket or a signal was rejected: both need
//! the other process to be well.
//!
//! Looking before each object is not enough for somebody who needs the sending to stop now: an object on a slow line may
//! take minutes. So what is under way gets a moment to end in order and is then cut off. That loses no more than an
//! answer, as when the line breaks: the same object goes out again under the same id.

use std::fs::{self, OpenOptions};
use std::future::Future;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::record::Record;
use super::sync::blocking;
use super::{Device, QUEUE_FILE};
use crate::error::{Error, Result};
use crate::vault::sync_folder_of;

pub(super) const REQUEST_FILE: &str = "hold";

/// Between two looks for a hold while something is under way.
const LOOK: Duration = Duration::from_millis(200);
/// Time that what is under way gets to end in order.
const GRACE: Duration = Duration::from_secs(2);

impl Device {
    /// Holds back everything until [`Self::release`]; survives restarts. Works while locked.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn hold(&self) -> Result<()> {
        self.queues.record().set_user_hold(true)
    }

    /// After [`Self::request_hold`], or a hold from another thread, this much later nothing is under way any more.
    pub const HOLD_WITHIN: Duration = Duration::from_secs(3);

    /// Holds back everything in a device that another process has open ([`Error::InUse`]): that process begins no further
    /// object from the moment this returns. What is under way, a connection that is being made among it, may end within
    /// two seconds and is cut off then: see [`Self::HOLD_WITHIN`]. Durable, and as good as [`Self::hold`] afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no device; trouble with the folder.
    pub fn request_hold(folder: &Path) -> Result<()> {
        if !folder.join(QUEUE_FILE).exists() {
            return Err(Error::NotFound);
        }
        HoldRequest::of(folder).make()
    }

    /// Lifts the hold.
    ///
    /// # Errors
    /// Trouble with the queue file or the folder: the hold stays then.
    pub fn release(&self) -> Result<()> {
        // In this order a crash in between leaves the hold, not its opposite.
        self.hold_request.end()?;
        self.queues.record().set_user_hold(false)
    }

    /// Whether the person holds everything back. Works while locked.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn is_held(&self) -> Result<bool> {
        self.brake().is_pulled()
    }

    pub(super) fn brake(&self) -> Brake {
        Brake { record: self.queues.record().clone(), request: self.hold_request.clone() }
    }
}

/// The hold, for what must stop when it comes.
#[derive(Clone)]
pub(super) struct Brake {
    record: Arc<Record>,
    request: HoldRequest,
}

impl Brake {
    fn is_pulled(&self) -> Result<bool> {
        Ok(self.request.is_there() || self.record.user_hold()?)
    }

    /// What `work` gives, or `None` if a hold came and it did not end soon after. Safe to drop, and `work` must be.
    pub(super) async fn unless_pulled<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.pulled_and_patient() => None,
        }
    }

    /// Ends when a hold came and still stands after the time of grace.
    async fn pulled_and_patient(&self) {
        loop {
            while !self.look().await {
                tokio::time::sleep(LOOK).await;
            }
            tokio::time::sleep(GRACE).await;
            if self.look().await {
                return;
            }
        }
    }

    /// Off the async threads, since the queue may be writing. When in doubt nothing more leaves.
    async fn look(&self) -> bool {
        let brake = self.clone();
        blocking(&self.record, move |_| brake.is_pulled()).await.unwrap_or(true)
    }
}

/// The file with which another process asks for the hold.
#[derive(Clone)]
pub(super) struct HoldRequest(PathBuf);

impl HoldRequest {
    pub(super) fn of(folder: &Path) -> Self {
        Self(folder.join(REQUEST_FILE))
    }

    /// Turns a request into the hold itself.
    pub(super) fn adopt(&self, record: &Record) -> Result<()> {
        if self.is_there() {
            record.set_user_hold(true)?;
            self.end()?;
        }
        Ok(())
    }

    fn make(&self) -> Result<()> {
        // Only its name counts, so nothing is written into it; a link in its place would be left as it is.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
            _ => sync_folder_of(&self.0),
        }
    }

    /// A folder that cannot be looked at counts as a request: when in doubt nothing leaves.
    fn is_there(&self) -> bool {
        !matches!(self.0.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
    }

    fn end(&self) -> Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
            Ok(()) => sync_folder_of(&self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::*;
    use super::*;
    use crate::policy::{Facts, Reason};
    use crate::vault::NoDeviceKey;

    fn holds(device: &Device) -> bool {
        let options = super::super::SyncOptions::default();
        device.decide(&Facts::unknown(), &options, NOW).unwrap().reasons().contains(&Reason::UserHold)
    }

    fn released(folder: &Path) -> Device {
        let device = device(folder);
        Organisation::make().enrol(&device);
        let id = draft(&device, "Example");
        device.finish(id, NOW).unwrap();
        device.release().unwrap();
        device
    }

    #[test]
    fn a_hold_requested_while_the_device_is_open_elsewhere_stops_it_at_once_and_outlives_it() {
        let folder = tempfile::tempdir().unwrap();
        let running = released(folder.path());
        assert_eq!(Device::open(folder.path(), Arc::new(NoDeviceKey)).err(), Some(Error::InUse));
        assert!(!running.is_held().unwrap(), "control: nobody asked yet");
        Device::request_hold(folder.path()).unwrap();
        Device::request_hold(folder.path()).unwrap();
        assert!(running.is_held().unwrap() && holds(&running));
        drop(running);

        let next = reopened(folder.path());
        assert!(next.is_held().unwrap());
        assert!(!folder.path().join(REQUEST_FILE).exists(), "the steady state has three files");
        drop(next);
        let next = reopened(folder.path());
        assert!(next.is_held().unwrap(), "the request became the hold itself");
        next.release().unwrap();
        assert!(!next.is_held().unwrap());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_under_way_is_cut_off_by_a_hold_and_by_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let running = released(folder.path());
        let brake = running.brake();
        assert_eq!(brake.unless_pulled(async { 7 }).await, Some(7), "control: work that ends, ends");
        let endless = || brake.unless_pulled(std::future::pending::<u8>());
        let while_released = tokio::time::timeout(GRACE * 2, endless()).await;
        assert!(while_released.is_err(), "control: without a hold nothing is cut off");
        Device::request_hold(folder.path()).unwrap();
        assert_eq!(tokio::time::timeout(GRACE * 20, endless()).await, Ok(None));
    }

    #[test]
    fn a_release_lifts_what_another_process_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let running = released(folder.path());
        Device::request_hold(folder.path()).unwrap();
        running.release().unwrap();
        assert!(!running.is_held().unwrap());
        drop(running);
        assert!(!reopened(folder.path()).is_held().unwrap());
    }

    #[test]
    fn a_request_that_cannot_be_removed_keeps_holding() {
        let folder = tempfile::tempdir().unwrap();
        let running = released(folder.path());
        fs::create_dir(folder.path().join(REQUEST_FILE)).unwrap();
        assert!(running.release().is_err());
        assert!(running.is_held().unwrap());
        drop(running);
        assert!(reopened(folder.path()).is_held().unwrap(), "and keeps nobody out");
    }

    #[test]
    fn there_is_nothing_to_hold_where_no_device_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Device::request_hold(folder.path()), Err(Error::NotFound));
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
