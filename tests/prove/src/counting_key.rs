//! A device key that counts what it is asked, as the hardware would.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kapok_core::{DeviceKey, DeviceKeyError, Level, SoftwareDeviceKey};
use zeroize::Zeroizing;

/// Counts the calls of `mac`: each is one guess at a passphrase.
pub struct CountingKey {
    inner: SoftwareDeviceKey,
    macs: AtomicUsize,
    /// The control: answers given before are given again without asking the hardware.
    remembered: Option<Mutex<BTreeMap<Vec<u8>, [u8; 32]>>>,
}

impl CountingKey {
    /// Keys in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { inner: SoftwareDeviceKey::in_folder(folder), macs: AtomicUsize::new(0), remembered: None }
    }

    /// A key whose answers somebody keeps: guesses become free. For controls only.
    #[must_use]
    pub fn remembering(folder: &Path) -> Self {
        Self { remembered: Some(Mutex::default()), ..Self::new(folder) }
    }

    /// How often it was asked since the last time.
    pub fn take_macs(&self) -> usize {
        self.macs.swap(0, Ordering::Relaxed)
    }
}

impl DeviceKey for CountingKey {
    fn level(&self) -> Level {
        self.inner.level()
    }

    fn create(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.inner.create(alias)
    }

    fn mac(&self, alias: &str, data: &[u8]) -> Result<Zeroizing<[u8; 32]>, DeviceKeyError> {
        let ask = || {
            self.macs.fetch_add(1, Ordering::Relaxed);
            self.inner.mac(alias, data)
        };
        let Some(remembered) = &self.remembered else { return ask() };
        let mut remembered = remembered.lock().unwrap();
        if let Some(code) = remembered.get(data) {
            return Ok(Zeroizing::new(*code));
        }
        let code = ask()?;
        remembered.insert(data.to_vec(), *code);
        Ok(code)
    }

    fn wrap(&self, alias: &str, key: &[u8]) -> Result<Vec<u8>, DeviceKeyError> {
        self.inner.wrap(alias, key)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, DeviceKeyError> {
        self.inner.unwrap(alias, wrapped)
    }

    fn destroy(&self, alias: &str) -> Result<(), DeviceKeyError> {
        self.inner.destroy(alias)
    }
}
