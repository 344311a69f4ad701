//! Times for people and for machines, in the local time of the pack and never without a zone.
//!
//! The server notes hours in UTC, a report its own local minute. A desk that reads 16h beside 23:00 takes one moment
//! for two, so all of them are shown in one zone. The zone of this machine was rejected: desks sit in other countries
//! than the cases they follow.

use kapok_desk::Day;
use kapok_report::Pack;
use kapok_wire::Hour;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// The first second of an hour.
pub(crate) fn first_second(hour: Hour) -> u64 {
    hour.0.saturating_mul(HOUR)
}

/// The last second of an hour.
pub(crate) fn last_second(hour: Hour) -> u64 {
    first_second(hour).saturating_add(HOUR - 1)
}

/// The zone of a pack.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    offset: UtcOffset,
    name: String,
}

impl Zone {
    pub(crate) fn of(pack: &Pack) -> Self {
        let seconds = pack.utc_offset_minutes().saturating_mul(60);
        let offset = UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC);
        Self { offset, name: pack.zone_name() }
    }

    /// For machines: RFC 3339 with this offset. Nothing beyond the calendar: a hostile server may name any hour.
    pub(crate) fn rfc3339(&self, seconds: u64) -> Option<String> {
        self.at(seconds)?.format(&Rfc3339).ok()
    }

    /// For people: `2026-11-24 23:59 UTC+7`.
    pub(crate) fn minute(&self, seconds: u64) -> String {
        let Some(at) = self.at(seconds) else { return "?".to_owned() };
        format!("{} {} {}", at.date(), clock(at), self.name)
    }

    /// For people, the hour within which something happened, since nobody noted its minute:
    /// `2026-11-24 23:00–23:59 UTC+7`.
    pub(crate) fn hour(&self, hour: Hour) -> String {
        match (self.at(first_second(hour)), self.at(last_second(hour))) {
            (Some(first), Some(last)) => format!("{} {}–{} {}", first.date(), clock(first), clock(last), self.name),
            _ => "?".to_owned(),
        }
    }

    /// The day in this zone. Before 1970 there is none.
    pub(crate) fn day(&self, seconds: u64) -> Day {
        Day(seconds.saturating_add_signed(self.offset.whole_seconds().into()) / DAY)
    }

    /// A day, for people and for machines: `2026-11-24`.
    pub(crate) fn date(&self, day: Day) -> String {
        // The zone was counted in when the day was.
        let at =
            i64::try_from(day.0.saturating_mul(DAY)).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        at.map_or_else(|| "?".to_owned(), |at| at.date().to_string())
    }

    fn at(&self, seconds: u64) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?.checked_to_offset(self.offset)
    }
}

fn clock(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_carries_the_zone_of_the_pack() {
        let zone = Zone::of(&Pack::builtin());
        let hour = Hour(498_016);
        assert_eq!(zone.name, "UTC+7");
        assert_eq!(zone.hour(hour), "2026-10-24 23:00–23:59 UTC+7");
        assert_eq!(zone.minute(last_second(hour)), "2026-10-24 23:59 UTC+7");
        assert_eq!(zone.rfc3339(first_second(hour)).unwrap(), "2026-10-24T23:00:00+07:00");
        assert_eq!(zone.rfc3339(last_second(hour)).unwrap(), "2026-10-24T23:59:59+07:00");
        // Seven hours east the next day has begun.
        assert_eq!(zone.hour(Hour(498_017)), "2026-10-25 00:00–00:59 UTC+7");
    }

    #[test]
    fn a_day_begins_and_ends_in_the_zone_of_the_pack() {
        let zone = Zone::of(&Pack::builtin());
        // 17:00 in Greenwich is midnight seven hours east.
        let midnight = 1_794_960_000 - 7 * HOUR;
        let days = [midnight - 1, midnight, midnight + DAY - 1, midnight + DAY].map(|at| zone.date(zone.day(at)));
        assert_eq!(days, ["2026-11-17", "2026-11-18", "2026-11-18", "2026-11-19"]);
        assert_eq!(zone.date(Day(u64::MAX)), "?");
        assert_eq!(zone.minute(midnight), "2026-11-18 00:00 UTC+7", "control");
    }

    #[test]
    fn a_zone_with_minutes_moves_both_ends_of_an_hour() {
        let offset = UtcOffset::from_whole_seconds(330 * 60).unwrap();
        let zone = Zone { offset, name: "UTC+5:30".to_owned() };
        assert_eq!(zone.hour(Hour(498_016)), "2026-10-24 21:30–22:29 UTC+5:30");
    }

    #[test]
    fn an_hour_beyond_the_calendar_is_a_question_mark_and_no_panic() {
        let zone = Zone::of(&Pack::builtin());
        for extreme in [u64::MAX, u64::MAX / 3_600, 1 << 50, 253_402_300_799 / 3_600] {
            assert_eq!(
                (zone.hour(Hour(extreme)).as_str(), zone.minute(last_second(Hour(extreme))).as_str()),
                ("?", "?")
            );
            assert_eq!(zone.rfc3339(first_second(Hour(extreme))), None);
        }
    }
}
