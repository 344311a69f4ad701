//! A name for a network that cannot be turned back into the network's name.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// First eight bytes of HMAC-SHA256 over the network's name, under a key of this device.
///
/// Enough to remember "something intercepted us here", useless for finding out where the device has been: the name
/// itself is never stored, and without the key no list of names can be tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub [u8; 8]);

impl NetworkId {
    /// The id of the network that the operating system calls `name`, under the device's network key.
    #[must_use]
    pub fn derive(key: &[u8; 32], name: &[u8]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(b"kapok/2026-11/policy/network-id");
        mac.update(name);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(full) {
            *to = from;
        }
        Self(id)
    }
}

impl fmt::Debug for NetworkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_depends_on_the_key_and_on_the_name_and_does_not_show() {
        let id = NetworkId::derive(&[1; 32], b"Riverside cafe");
        assert_eq!(id, NetworkId::derive(&[1; 32], b"Riverside cafe"));
        assert_ne!(id, NetworkId::derive(&[1; 32], b"Riverside cafe 2"));
        assert_ne!(id, NetworkId::derive(&[2; 32], b"Riverside cafe"));
        assert_eq!(format!("{id:?}"), "NetworkId(…)");
    }
}
