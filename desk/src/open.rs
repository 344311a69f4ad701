//! Opening what was pulled: packets by trial, long texts and attachments by the ids their keys lead to.

pub(crate) mod attachment;
pub(crate) mod extract;
pub(crate) mod extract_dir;
pub(crate) mod index;
pub(crate) mod part;
pub(crate) mod report;
