//! The organisation's desk: keys, bundle, invites, pull, open, show.
//!
//! - [`init`], [`adopt`], [`new_key`], [`add_key`]: a desk folder and the keys behind passphrases.
//! - [`BundlePlan`], [`sign`], [`prove`]: the signed bundle, published only after a test decryption.
//! - [`Link`], [`pull_all`], [`make_invite`]: the pinned connection to the organisation's own server.
//! - [`Phones`]: which phones were invited and which are written off, sealed as reports are.
//! - [`Index`], [`attachments`], [`extract`]: reports opened in memory; originals written out only when asked.
//!
//! Everything pulled stays sealed on disk, and nothing decrypted is written anywhere but by [`extract`]. What cannot
//! be opened is kept and counted, never deleted. Formats: `docs/formats/desk-folder.md`; keys: `docs/howto/keys.md`.
//! The clock is an argument (`now`, seconds since 1970).

#[cfg(not(unix))]
compile_error!("kapok-desk needs a Unix system: files for their owner only, locks on folders, signals");

mod bundles;
mod doing;
mod error;
mod invite;
mod keys;
pub mod limits;
mod net;
mod open;
mod organise;
mod phones;
mod store;

pub use bundles::{BundlePlan, Signed, read_note, sign, verify_own};
pub use doing::Doing;
pub use error::{Error, ExpectedKey};
pub use invite::{make as make_invite, qr};
pub use keys::keyring::Keyring;
pub use keys::proof::{Proof, prove, prove_each};
pub use keys::secret::{OrgKey, Role};
pub use net::card::ServerCard;
pub use net::link::Link;
pub use net::pull::{Pulled, Source, pull_all};
pub use open::attachment::{Attachment, Integrity, attachments};
pub use open::extract::{Extracted, extract};
pub use open::extract_dir::{ExtractDir, Unfinished};
pub use open::index::{Index, Unopened};
pub use open::part::{Closed, Part};
pub use open::report::OpenedReport;
pub use organise::{InitRequest, add_key, adopt, init, new_key, prove_at_hand, publishable, read_key};
pub use phones::folder::{ClosedRecord, Phone, PhoneList, Phones};
pub use phones::record::{Day, PhoneFault, PhoneLabel, PhoneRecord};
pub use store::durable::{read_at_most, replace, write_new};
pub use store::folder::{Folder, WriteLock};
pub use store::inbox::{Inbox, Mark, Stored};
pub use store::name::{numbered, safe_name};
