//! Why something does not leave: stable codes that the shells translate.
//!
//! The codes are part of the interface: they are printed by `--json`, taken by `--confirm` and translated by hosts. A
//! code is never renamed or given another meaning; new ones go to the end. Words for them are data (`words.json`).

use std::fmt;

/// One reason that holds a report back or asks the person first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The person told the device to send nothing, for a time or until further notice.
    UserHold,
    /// The panic switch is on.
    Panic,
    /// There is no network, or the device cannot tell.
    NoNetwork,
    /// The network wants a login first, or filtered our last try.
    Captive,
    /// On this network something showed a certificate that is not our server's.
    Intercepted,
    /// The person or the organisation marked this network as hostile.
    HostileNetwork,
    /// This network has not been seen and named before.
    UnknownNetwork,
    /// The mobile network is not allowed: the SIM is registered to a person.
    CellularNotAllowed,
    /// The device is roaming.
    Roaming,
    /// The network counts every byte.
    Metered,
    /// The system is set to use a proxy.
    ProxyPresent,
    /// Somebody installed a certificate authority on this device.
    UserCaPresent,
    /// There is a VPN that the person did not choose.
    VpnUnknown,
    /// Tor is required and has not been proved to work lately.
    TorRequiredUnproved,
    /// It is outside the hours that the person set.
    OutsideWindow,
    /// The device is inside a zone marked as dangerous.
    InDangerZone,
    /// The rule about moving away first is not met: the device is still where the report was finished.
    MovedSinceSubmit,
    /// The app or the device is locked.
    Locked,
    /// The battery is low.
    LowBattery,
    /// The wait after finishing, or between two batches, is not over.
    TooSoon,
    /// The organisation's settings are past their date.
    BundleExpired,
    /// No upload token is left.
    NoToken,
    /// The clock is wrong or unproved, and something depends on it.
    ClockUnsure,
}

impl Reason {
    /// All reasons, in the order of their codes.
    pub const ALL: [Self; 23] = [
        Self::UserHold,
        Self::Panic,
        Self::NoNetwork,
        Self::Captive,
        Self::Intercepted,
        Self::HostileNetwork,
        Self::UnknownNetwork,
        Self::CellularNotAllowed,
        Self::Roaming,
        Self::Metered,
        Self::ProxyPresent,
        Self::UserCaPresent,
        Self::VpnUnknown,
        Self::TorRequiredUnproved,
        Self::OutsideWindow,
        Self::InDangerZone,
        Self::MovedSinceSubmit,
        Self::Locked,
        Self::LowBattery,
        Self::TooSoon,
        Self::BundleExpired,
        Self::NoToken,
        Self::ClockUnsure,
    ];

    /// The stable code: what is stored, printed and translated.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::UserHold => "user_hold",
            Self::Panic => "panic",
            Self::NoNetwork => "no_network",
            Self::Captive => "captive",
            Self::Intercepted => "intercepted",
            Self::HostileNetwork => "hostile_network",
            Self::UnknownNetwork => "unknown_network",
            Self::CellularNotAllowed => "cellular_not_allowed",
            Self::Roaming => "roaming",
            Self::Metered => "metered",
            Self::ProxyPresent => "proxy_present",
            Self::UserCaPresent => "user_ca_present",
            Self::VpnUnknown => "vpn_unknown",
            Self::TorRequiredUnproved => "tor_required_unproved",
            Self::OutsideWindow => "outside_window",
            Self::InDangerZone => "in_danger_zone",
            Self::MovedSinceSubmit => "moved_since_submit",
            Self::Locked => "locked",
            Self::LowBattery => "low_battery",
            Self::TooSoon => "too_soon",
            Self::BundleExpired => "bundle_expired",
            Self::NoToken => "no_token",
            Self::ClockUnsure => "clock_unsure",
        }
    }

    /// The reason with this code, if this version knows it.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_as_its_reason() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            let name: String = reason.code().split('_').map(capitalised).collect();
            assert_eq!(format!("{reason:?}"), name, "the code is the name in the source, in snake case");
        }
        assert_eq!(Reason::from_code("UserHold"), None);
    }

    #[test]
    fn the_codes_are_the_published_ones_in_the_published_order() {
        let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(
            codes.join(" "),
            "user_hold panic no_network captive intercepted hostile_network unknown_network cellular_not_allowed \
             roaming metered proxy_present user_ca_present vpn_unknown tor_required_unproved outside_window \
             in_danger_zone moved_since_submit locked low_battery too_soon bundle_expired no_token clock_unsure"
        );
        let mut sorted = Reason::ALL;
        sorted.sort_unstable();
        assert_eq!(sorted, Reason::ALL, "ALL is in the order of the declaration");
    }

    fn capitalised(word: &str) -> String {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    }
}
