//! The local day and minute of recording, given by the caller: this crate has no clock.

use std::fmt;

use time::{Date, Duration, Month, OffsetDateTime};

use crate::error::Error;

/// A local date with, if known, the local time in hours and minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    date: Date,
    time: Option<(u8, u8)>,
}

impl Moment {
    /// From seconds since 1970 in UTC and the pack's offset ([`crate::Pack::utc_offset_minutes`]).
    ///
    /// # Errors
    /// [`Error::NotAMoment`] beyond the calendar.
    pub fn from_unix(seconds: i64, offset_minutes: i32) -> Result<Self, Error> {
        let local = OffsetDateTime::from_unix_timestamp(seconds)
            .ok()
            .and_then(|at| at.checked_add(Duration::minutes(i64::from(offset_minutes))))
            .ok_or(Error::NotAMoment)?;
        Ok(Self { date: local.date(), time: Some((local.hour(), local.minute())) })
    }

    /// From `2026-11-24` or `2026-11-24T18:30`.
    ///
    /// # Errors
    /// [`Error::NotAMoment`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (day, clock) = match text.split_once('T') {
            Some((day, clock)) => (day, Some(clock)),
            None => (text, None),
        };
        let date = parse_day(day).ok_or(Error::NotAMoment)?;
        let time = clock.map(|clock| parse_clock(clock).ok_or(Error::NotAMoment)).transpose()?;
        Ok(Self { date, time })
    }

    pub(crate) fn date(&self) -> Date {
        self.date
    }

    /// `HH:MM`, if the time is known.
    #[must_use]
    pub fn clock(&self) -> Option<String> {
        self.time.map(|(hour, minute)| format!("{hour:02}:{minute:02}"))
    }

    /// The day, as `2026-11-24`.
    #[must_use]
    pub fn day(&self) -> String {
        show_day(self.date)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.day())?;
        self.clock().map_or(Ok(()), |clock| write!(f, "T{clock}"))
    }
}

pub(crate) fn show_day(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

pub(crate) fn day(year: i32, month: u8, day: u8) -> Option<Date> {
    Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()
}

/// `HH:MM` on a 24-hour clock.
pub(crate) fn parse_clock(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
    (hour < 24 && minute < 60).then_some((u8::try_from(hour).ok()?, u8::try_from(minute).ok()?))
}

pub(crate) fn parse_day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, of) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    if parts.next().is_some() {
        return None;
    }
    day(i32::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(of).ok()?)
}

/// A number of exactly `len` ASCII digits.
pub(crate) fn digits(text: &str, len: usize) -> Option<u32> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_local() {
        // 2026-11-24T17:30Z is already the next day seven hours east.
        let moment = Moment::from_unix(1_795_541_400, 420).unwrap();
        assert_eq!(moment.to_string(), "2026-11-25T00:30");
        assert_eq!(Moment::parse("2026-11-25T00:30").unwrap(), moment);
        for bad in ["2026-02-30", "2026-11-24T24:00", "24/11/2026", "", "2026-11-24T1:2"] {
            assert_eq!(Moment::parse(bad), Err(Error::NotAMoment), "{bad}");
        }
    }
}
