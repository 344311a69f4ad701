//! Which interface and which gateway lead to an address, from the tables that Linux shows as files. On other systems
//! nothing is known.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The interface on the way to `target`, whose own address is `source`.
pub(crate) fn interface(target: IpAddr, source: IpAddr) -> Option<String> {
    match (target, source) {
        (IpAddr::V4(target), _) => best(&fs::read_to_string("/proc/net/route").ok()?, target).map(|row| row.interface),
        (IpAddr::V6(_), IpAddr::V6(source)) => by_address(&fs::read_to_string("/proc/net/if_inet6").ok()?, source),
        (IpAddr::V6(_), IpAddr::V4(_)) => None,
    }
}

/// A name for the network on the way to `target`: interface, gateway and the gateway's hardware address. Two cafés
/// with the same private addresses differ in the last. The core keeps a keyed hash of it only.
pub(crate) fn network_name(target: IpAddr) -> Option<Vec<u8>> {
    let IpAddr::V4(target) = target else { return None };
    let row = best(&fs::read_to_string("/proc/net/route").ok()?, target)?;
    let neighbours = fs::read_to_string("/proc/net/arp").unwrap_or_default();
    let gateway = row.gateway.to_string();
    let hardware = hardware_of(&neighbours, &gateway).unwrap_or_default();
    Some(format!("{}\n{gateway}\n{hardware}", row.interface).into_bytes())
}

/// In the order of preference: the longest prefix wins, then the lowest metric, as in the kernel.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    prefix: u32,
    metric: std::cmp::Reverse<u32>,
    interface: String,
    gateway: Ipv4Addr,
}

fn best(table: &str, target: Ipv4Addr) -> Option<Row> {
    let target = u32::from(target);
    let row = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // Addresses stand in the byte order of the machine; what we run on is little-endian.
        let address = |at: usize| u32::from_str_radix(columns.get(at)?, 16).ok().map(u32::swap_bytes);
        let (to, gateway, mask) = (address(1)?, address(2)?, address(7)?);
        let metric = std::cmp::Reverse(columns.get(6)?.parse().ok()?);
        let interface = (*columns.first()?).to_owned();
        (target & mask == to).then(|| Row { prefix: mask.count_ones(), metric, interface, gateway: gateway.into() })
    };
    table.lines().skip(1).filter_map(row).max()
}

fn by_address(table: &str, source: Ipv6Addr) -> Option<String> {
    let wanted = format!("{:032x}", u128::from(source));
    let row = table.lines().find(|line| line.starts_with(&wanted))?;
    row.split_whitespace().last().map(str::to_owned)
}

fn hardware_of<'a>(neighbours: &'a str, gateway: &str) -> Option<&'a str> {
    let mut rows = neighbours.lines().map(|line| line.split_whitespace());
    rows.find_map(|mut columns| if columns.next()? == gateway { columns.nth(2) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
        wlan0 00000000 0101A8C0 0003 0 0 600 00000000 0 0 0\n\
        eth0 00000000 0102A8C0 0003 0 0 100 00000000 0 0 0\n\
        wlan0 0001A8C0 00000000 0001 0 0 600 00FFFFFF 0 0 0\n";

    #[test]
    fn the_longest_prefix_wins_and_then_the_lowest_metric() {
        let to = |a, b, c, d| best(TABLE, Ipv4Addr::new(a, b, c, d)).map(|row| row.interface);
        assert_eq!(to(192, 168, 1, 9).as_deref(), Some("wlan0"));
        assert_eq!(to(203, 0, 113, 9).as_deref(), Some("eth0"));
        assert_eq!(best(TABLE, Ipv4Addr::new(203, 0, 113, 9)).unwrap().gateway, Ipv4Addr::new(192, 168, 2, 1));
        assert!(best("", Ipv4Addr::LOCALHOST).is_none());
        assert!(best("head\nx y z\n", Ipv4Addr::LOCALHOST).is_none(), "a table of another shape tells nothing");
    }

    #[test]
    fn an_address_of_the_longer_kind_is_found_by_our_own_side() {
        let table = "fe800000000000000000000000000001 02 40 20 80 eth0\n";
        assert_eq!(by_address(table, "fe80::1".parse().unwrap()).as_deref(), Some("eth0"));
        assert_eq!(by_address(table, "fe80::2".parse().unwrap()), None);
    }

    #[test]
    fn a_gateway_is_known_by_its_hardware_address() {
        let table = "IP address HW type Flags HW address Mask Device\n\
            192.168.1.1 0x1 0x2 02:00:00:00:00:01 * wlan0\n";
        assert_eq!(hardware_of(table, "192.168.1.1"), Some("02:00:00:00:00:01"));
        assert_eq!(hardware_of(table, "192.168.1.2"), None);
    }
}
