//! The person's own stop, which must work at any moment: locked, after a restart, and while another process sends.
//!
//! The hold itself is a row of the queue, which only the process that has the device open can write. Somebody who wants
//! a running sync to stop cannot wait for that process to end, so any process may also *request* the hold: an empty file
//! in the folder, looked at wherever the hold is, and turned into the row at the next opening. It can stop, never send,
//! and it is gone in the steady state, so the folder keeps its three files. A socket or a signal was rejected: both need
//! the other process to be well.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::outbox::Outbox;
use super::{Device, QUEUE_FILE};
use crate::error::{Error, Result};
use crate::vault::sync_folder_of;

const REQUEST_FILE: &str = "hold";

impl Device {
    /// Holds back everything until [`Self::release`]; survives restarts. Works while locked.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn hold(&self) -> Result<()> {
        self.outbox.set_user_hold(true)
    }

    /// Holds back everything in a device that another process has open ([`Error::InUse`]): that process sends no further
    /// object from the moment this returns; those under way end. Durable, and as good as [`Self::hold`] afterwards.
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
        self.outbox.set_user_hold(false)
    }

    /// Whether the person holds everything back. Works while locked.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn is_held(&self) -> Result<bool> {
        Ok(self.hold_request.is_there() || self.outbox.user_hold()?)
    }
}

/// The file with which another process asks for the hold.
pub(super) struct HoldRequest(PathBuf);

impl HoldRequest {
    pub(super) fn of(folder: &Path) -> Self {
        Self(folder.join(REQUEST_FILE))
    }

    /// Turns a request into the hold itself.
    pub(super) fn adopt(&self, outbox: &Outbox) -> Result<()> {
        if self.is_there() {
            outbox.set_user_hold(true)?;
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
    }

    #[test]
    fn there_is_nothing_to_hold_where_no_device_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Device::request_hold(folder.path()), Err(Error::NotFound));
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
