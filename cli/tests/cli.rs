//! The real binary, as a person and as a script use it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

#[path = "cli/attachments.rs"]
mod attachments;
#[path = "cli/content.rs"]
mod content;
#[path = "cli/device.rs"]
mod device;
#[path = "cli/drafts.rs"]
mod drafts;
#[path = "cli/failures.rs"]
mod failures;
#[path = "cli/interview.rs"]
mod interview;
#[path = "cli/invites.rs"]
mod invites;
#[path = "cli/locked.rs"]
mod locked;
#[path = "cli/moving.rs"]
mod moving;
#[path = "cli/organisation.rs"]
mod organisation;
#[path = "cli/passphrases.rs"]
mod passphrases;
#[path = "cli/pool.rs"]
mod pool;
#[path = "cli/recovery.rs"]
mod recovery;
#[path = "cli/sending.rs"]
mod sending;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/vaults.rs"]
mod vaults;
