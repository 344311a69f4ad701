//! A name for a network that cannot be turned back into the network's name.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// First eight bytes of HMAC-SHA256 over the network's name, under a key of this device.
///
/// Enough to remember "something intercepted us here", useless for finding out where the device has been: the name
/// itself is never stored, and without the key no list of names can be tried.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(pub [u8; 8]);

/// Names networks on this device; without it no list of names can be tried.
pub(crate) struct NetworkKey(Zeroizing<[u8; 32]>);

impl NetworkKey {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The id of the network that the operating system calls `name`.
    pub(crate) fn id(&self, name: &[u8]) -> NetworkId {
        // EXPOSE: the MAC of one call.
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes keys of any length");
        mac.update(b"kapok/2026-11/policy/network-id");
        mac.update(name);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(full) {
            *to = from;
        }
        NetworkId(id)
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
        let [one, two] = [1, 2].map(|byte| NetworkKey::new(Zeroizing::new([byte; 32])));
        let id = one.id(b"Riverside cafe");
        assert_eq!(id, one.id(b"Riverside cafe"));
        assert_ne!(id, one.id(b"Riverside cafe 2"));
        assert_ne!(id, two.id(b"Riverside cafe"));
        assert_eq!(format!("{id:?}"), "NetworkId(…)");
    }
}
