//! The vault: what is kept on the phone, sealed, in files whose shape says nothing.
//!
//! `vault.kpk` (drafts, under a passphrase), `queue.kpk` (what waits to be sent, under the device key) and `pool.kpk` (sealed
//! objects and attachments). Formats: `docs/formats/container.md`, `docs/formats/slot-pool.md`; keys: [`keys`].

mod block_file;
mod cipher;
mod container;
mod device_key;
mod erase;
mod frame;
mod full_file;
mod head;
mod header;
mod image;
mod kdf;
mod keys;
mod memory_size;
mod migrate;
mod opening;
mod passphrase;
mod passphrase_change;
mod pool;
mod queue;
mod recovery;
mod region;
mod slots;
mod software_key;
mod sqlite;
mod stack;
mod store;

#[cfg(test)]
mod container_tests;
#[cfg(test)]
mod fault_file;
#[cfg(test)]
mod migrate_tests;
#[cfg(test)]
mod process_tests;
#[cfg(test)]
mod prove_tests;
#[cfg(test)]
mod region_tests;
#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vector_tests;

pub use container::Further;
pub(crate) use container::{Container, NewVaults, Opened, VAULT_ALIAS};
pub use device_key::{DeviceKey, DeviceKeyError, Level, NoDeviceKey};
pub(crate) use erase::Eraser;
pub(crate) use full_file::{set_aside, sync_folder_of};
pub use header::HalfFrames;
pub(crate) use image::Image;
pub use kdf::KdfParams;
pub(crate) use keys::DataKey;
pub(crate) use migrate::Migrations;
pub(crate) use opening::Changed;
pub use passphrase::Passphrase;
pub(crate) use passphrase_change::{PassphraseChange, RightPassphrase};
pub(crate) use pool::{POOL_SLOT, PoolLayout, PoolPart, SlotNumber, SlotPool};
pub(crate) use queue::{QUEUE_ALIAS, QueueFile};
pub(crate) use recovery::RecoverySecret;
pub use software_key::SoftwareDeviceKey;
pub(crate) use store::Store;
