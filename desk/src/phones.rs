//! Which phones this desk has invited, by its own labels: sealed records that anybody here may add and nobody reads
//! without the passphrase of a key of class identities.

pub(crate) mod folder;
pub(crate) mod record;
