//! What this machine can tell about its network without sending anything. What it cannot tell stays unknown, and the
//! policy decides what that means.

use std::fs;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use kapok_core::{Captive, Facts, Metered, Panic, Roaming, Seen, Transport, UserHold};

use crate::args::{NetworkArg, NetworkArgs, YesNo};
use crate::route_table;

/// The facts from the command line; what is missing there is looked up for the way to `addresses`.
pub(crate) fn gather(given: &NetworkArgs, addresses: &[SocketAddr]) -> Facts {
    let mut facts = Facts {
        // What only the core remembers: this host adds nothing to it. A laptop has no panic switch.
        user_hold: UserHold::Released,
        intercepted: Seen::Never,
        filtered: Seen::Never,
        panic: Panic::Off,
        ..Facts::unknown()
    };
    detect(&mut facts, addresses);
    if let Some(network) = given.network {
        facts.transport = match network {
            NetworkArg::None => Transport::None,
            NetworkArg::Wifi => Transport::Wifi,
            NetworkArg::Cellular => Transport::Cellular,
            NetworkArg::Ethernet => Transport::Ethernet,
            NetworkArg::Unknown => Transport::Unknown,
        };
    }
    if facts.transport == Transport::None {
        // No network counts data, roams or wants a login: only its absence is a reason.
        (facts.metered, facts.roaming, facts.captive) = (Metered::No, Roaming::No, Captive::No);
    }
    match given.metered {
        Some(YesNo::Yes) => facts.metered = Metered::Yes,
        Some(YesNo::No) => facts.metered = Metered::No,
        None => {}
    }
    match given.roaming {
        Some(YesNo::Yes) => facts.roaming = Roaming::Yes,
        Some(YesNo::No) => facts.roaming = Roaming::No,
        None => {}
    }
    match given.captive {
        Some(YesNo::Yes) => facts.captive = Captive::Yes,
        Some(YesNo::No) => facts.captive = Captive::No,
        None => {}
    }
    facts
}

fn detect(facts: &mut Facts, addresses: &[SocketAddr]) {
    // Without an address there is nothing to look for a way to: the device is not enrolled.
    let Some(way) = addresses.iter().find_map(way_to) else {
        facts.transport = if addresses.is_empty() { Transport::Unknown } else { Transport::None };
        return;
    };
    if way.target.is_loopback() {
        // The server runs on this machine: nothing is counted, and there is nobody in between.
        facts.transport = Transport::Ethernet;
        facts.metered = Metered::No;
        facts.roaming = Roaming::No;
        facts.captive = Captive::No;
        return;
    }
    facts.transport = match route_table::interface(way.target, way.source) {
        Some(name) if is_wireless(&name) => Transport::Wifi,
        Some(name) if is_built_in(&name) => Transport::Ethernet,
        _ => Transport::Unknown,
    };
    if matches!(facts.transport, Transport::Wifi | Transport::Ethernet) {
        facts.roaming = Roaming::No;
    }
}

struct Way {
    target: IpAddr,
    source: IpAddr,
}

/// Connecting a UDP socket only asks the system's routing table; no packet leaves.
fn way_to(target: &SocketAddr) -> Option<Way> {
    let any: SocketAddr = if target.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(target).ok()?;
    Some(Way { target: target.ip(), source: socket.local_addr().ok()?.ip() })
}

fn is_wireless(interface: &str) -> bool {
    let base = format!("/sys/class/net/{interface}");
    fs::exists(format!("{base}/wireless")).unwrap_or(false) || fs::exists(format!("{base}/phy80211")).unwrap_or(false)
}

/// A network card on the bus of the machine. A phone on a USB cable looks like a card too, but brings its mobile network.
fn is_built_in(interface: &str) -> bool {
    let bus = fs::read_link(format!("/sys/class/net/{interface}/device/subsystem")).ok();
    bus.and_then(|bus| bus.file_name().map(|name| name == "pci" || name == "virtio")).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_a_cable_and_no_route_is_no_network() {
        let facts = gather(&NetworkArgs::default(), &[([127, 0, 0, 1], 9).into()]);
        assert_eq!((facts.transport, facts.metered), (Transport::Ethernet, Metered::No));
        // The system refuses to connect to the broadcast address, with a network or without.
        let facts = gather(&NetworkArgs::default(), &[([255; 4], 9).into()]);
        assert_eq!((facts.transport, facts.metered), (Transport::None, Metered::No));
        assert_eq!(gather(&NetworkArgs::default(), &[]).transport, Transport::Unknown);
    }

    #[test]
    fn what_the_person_says_beats_what_is_detected() {
        let given = NetworkArgs {
            network: Some(NetworkArg::Cellular),
            metered: Some(YesNo::Yes),
            roaming: Some(YesNo::Yes),
            captive: Some(YesNo::Yes),
        };
        let facts = gather(&given, &[([127, 0, 0, 1], 9).into()]);
        assert_eq!(facts.transport, Transport::Cellular);
        assert_eq!((facts.metered, facts.roaming, facts.captive), (Metered::Yes, Roaming::Yes, Captive::Yes));
    }
}
