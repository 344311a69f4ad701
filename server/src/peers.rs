//! How many connections each address has, in memory and only while it has them.
//!
//! Without this one machine takes every place on a port. The count is all that the server ever does with an address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The counts of one port.
#[derive(Clone)]
pub(crate) struct Peers {
    most: NonZeroUsize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The place of one connection; free again when dropped.
pub(crate) struct Peer {
    peers: Peers,
    address: IpAddr,
}

impl Peers {
    pub(crate) fn new(most: NonZeroUsize) -> Self {
        Self { most, counts: Arc::default() }
    }

    /// A place for a connection from `address`, or `None` if it has as many as it may.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Peer> {
        let address = network(address);
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= self.most.get() {
            return None;
        }
        *count += 1;
        Some(Peer { peers: self.clone(), address })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        // Counts are never half changed.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut counts = self.peers.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// What counts as one: an IPv4 address, or the /64 that an IPv6 host may choose its addresses from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn most(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_gets_so_many_places_and_others_get_theirs() {
        let peers = Peers::new(most(2));
        let first = peers.enter(ip("192.0.2.1"));
        let second = peers.enter(ip("::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(peers.enter(ip("192.0.2.1")).is_none());
        assert!(peers.enter(ip("192.0.2.2")).is_some(), "control: another address");
        drop(first);
        assert!(peers.enter(ip("192.0.2.1")).is_some(), "a place is free again");
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        let peers = Peers::new(most(1));
        let _place = peers.enter(ip("2001:db8:0:1::1")).unwrap();
        assert!(peers.enter(ip("2001:db8:0:1:ffff::2")).is_none());
        assert!(peers.enter(ip("2001:db8:0:2::1")).is_some(), "control: the next network");
    }

    #[test]
    fn nothing_is_kept_of_an_address_that_left() {
        let peers = Peers::new(most(1));
        let place = peers.enter(ip("192.0.2.1"));
        assert_eq!(peers.counts().len(), 1, "control: it is counted while it is there");
        drop(place);
        assert!(peers.enter(ip("192.0.2.1")).is_some());
        assert!(peers.counts().is_empty());
    }
}
