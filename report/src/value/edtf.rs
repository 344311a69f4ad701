//! Partial dates in a subset of EDTF, the Extended Date/Time Format of ISO 8601-2.
//!
//! `2026-07-17`, `2026-07`, `2026`; each with `~` (about), `?` (uncertain source) or `%` (both); intervals `a/b`, `../b`,
//! `a/..`. A whole EDTF library was rejected: the subset is what a person can say, and each form has defined bounds here.

use std::fmt;

use time::{Date, Duration};

use super::moment::{day, digits, show_day};
use crate::error::Error;

/// First year accepted.
const FIRST_YEAR: i32 = 1_900;
/// Years after the day of recording that are accepted: sentences end later.
const YEARS_AHEAD: i32 = 30;
/// From this year on, a year is probably of the Buddhist era, 543 years ahead.
const BUDDHIST_FROM: i32 = 2_443;
const BUDDHIST_AHEAD: i32 = 543;

/// How far a point in time can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// As it stands.
    Exact,
    /// `~`: about.
    About,
    /// `?`: the source is uncertain.
    Uncertain,
    /// `%`: about, and the source is uncertain.
    Both,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::Exact => "",
            Self::About => "~",
            Self::Uncertain => "?",
            Self::Both => "%",
        }
    }

    fn is_about(self) -> bool {
        matches!(self, Self::About | Self::Both)
    }
}

/// A year, a month or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    year: i32,
    month: Option<u8>,
    day: Option<u8>,
    /// How far it can be trusted.
    pub mark: Mark,
}

/// A partial date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edtf {
    /// A point.
    At(Point),
    /// Between two points.
    Between(Point, Point),
    /// Before, the point included.
    Before(Point),
    /// After, the point included.
    After(Point),
}

impl Point {
    pub(crate) fn of_day(date: Date) -> Self {
        Self { year: date.year(), month: Some(u8::from(date.month())), day: Some(date.day()), mark: Mark::Exact }
    }

    fn parse(text: &str) -> Option<Self> {
        let (text, mark) = match text.strip_suffix(['~', '?', '%']) {
            None => (text, Mark::Exact),
            Some(rest) if text.ends_with('~') => (rest, Mark::About),
            Some(rest) if text.ends_with('?') => (rest, Mark::Uncertain),
            Some(rest) => (rest, Mark::Both),
        };
        let mut parts = text.split('-');
        let year = i32::try_from(digits(parts.next()?, 4)?).ok()?;
        let mut two =
            || parts.next().map(|part| digits(part, 2).and_then(|n| u8::try_from(n).ok()).ok_or(())).transpose();
        let (month, day) = (two().ok()?, two().ok()?);
        Self { year, month, day, mark }.checked().filter(|_| parts.next().is_none())
    }

    /// Only dates of the calendar.
    fn checked(self) -> Option<Self> {
        day(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1)).map(|_| self)
    }

    fn first(self) -> Option<Date> {
        let exact = day(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))?;
        match (self.mark.is_about(), self.month, self.day) {
            (false, ..) => Some(exact),
            (true, None, _) => day(self.year - 1, 1, 1),
            (true, Some(_), None) => exact.checked_sub(Duration::DAY).and_then(|last| last.replace_day(1).ok()),
            (true, Some(_), Some(_)) => exact.checked_sub(Duration::days(3)),
        }
    }

    fn last(self) -> Option<Date> {
        let end_of_month = |year: i32, month: u8| {
            let (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            day(year, month, 1)?.checked_sub(Duration::DAY)
        };
        match (self.mark.is_about(), self.month, self.day) {
            (false, None, _) => day(self.year, 12, 31),
            (true, None, _) => day(self.year + 1, 12, 31),
            (false, Some(month), None) => end_of_month(self.year, month),
            (true, Some(12), None) => end_of_month(self.year + 1, 1),
            (true, Some(month), None) => end_of_month(self.year, month + 1),
            (false, Some(month), Some(of)) => day(self.year, month, of),
            (true, Some(month), Some(of)) => day(self.year, month, of)?.checked_add(Duration::days(3)),
        }
    }
}

impl Edtf {
    /// Reads the canonical form. Any year of the calendar: what a newer version wrote stays readable.
    ///
    /// # Errors
    /// [`Error::NotADate`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let point = |text: &str| Point::parse(text).ok_or(Error::NotADate);
        match text.split_once('/') {
            None => point(text).map(Self::At),
            Some(("..", last)) => point(last).map(Self::Before),
            Some((first, "..")) => point(first).map(Self::After),
            Some((first, last)) => {
                let both = Self::Between(point(first)?, point(last)?);
                match both.bounds() {
                    (Some(first), Some(last)) if first <= last => Ok(both),
                    _ => Err(Error::NotADate),
                }
            }
        }
    }

    /// Reads what a person types: the canonical form, or day first (`17/7/2026`, `7/2026`), in Latin or Khmer digits.
    ///
    /// # Errors
    /// [`Error::NotADate`]; also for years that are not between 1900 and 30 years after `today`: a year of another era
    /// or a slip of the finger must not become a date silently (see [`Edtf::buddhist_offer`]).
    pub fn from_person(text: &str, today: Date) -> Result<Self, Error> {
        let date = Self::read(text)?;
        let fits = |point: &Point| (FIRST_YEAR..=today.year() + YEARS_AHEAD).contains(&point.year);
        if date.points().iter().flatten().all(fits) { Ok(date) } else { Err(Error::NotADate) }
    }

    /// If `text` is a date in the Buddhist era (a year from 2443 on), the same date in the common era, to be offered and
    /// confirmed, never to be taken silently.
    #[must_use]
    pub fn buddhist_offer(text: &str) -> Option<Self> {
        let date = Self::read(text).ok()?;
        let shift = |point: Point| {
            (point.year >= BUDDHIST_FROM).then_some(Point { year: point.year - BUDDHIST_AHEAD, ..point })?.checked()
        };
        Some(match date {
            Self::At(point) => Self::At(shift(point)?),
            Self::Between(first, last) => Self::Between(shift(first)?, shift(last)?),
            Self::Before(point) => Self::Before(shift(point)?),
            Self::After(point) => Self::After(shift(point)?),
        })
    }

    fn read(text: &str) -> Result<Self, Error> {
        let text: String = latin_digits(text.trim());
        if let Ok(date) = Self::parse(&text) {
            return Ok(date);
        }
        let (body, sign) = match text.strip_suffix(['~', '?', '%']) {
            Some(body) => (body, text.get(body.len()..).unwrap_or("")),
            None => (text.as_str(), ""),
        };
        let parts: Vec<&str> = body.split(['/', '-', '.']).map(str::trim).collect();
        let number = |part: &str, len: usize| {
            (part.len() <= len && !part.is_empty()).then(|| digits(part, part.len())).flatten()
        };
        let canonical = match parts.as_slice() {
            [of, month, year] => match (number(of, 2), number(month, 2), digits(year, 4)) {
                (Some(of), Some(month), Some(year)) => format!("{year:04}-{month:02}-{of:02}{sign}"),
                _ => return Err(Error::NotADate),
            },
            [month, year] => match (number(month, 2), digits(year, 4)) {
                (Some(month), Some(year)) => format!("{year:04}-{month:02}{sign}"),
                _ => return Err(Error::NotADate),
            },
            _ => return Err(Error::NotADate),
        };
        Self::parse(&canonical)
    }

    /// First and last possible day; `None` where it is open.
    #[must_use]
    pub fn bounds(&self) -> (Option<Date>, Option<Date>) {
        match self {
            Self::At(point) => (point.first(), point.last()),
            Self::Between(first, last) => (first.first(), last.last()),
            Self::Before(point) => (None, point.last()),
            Self::After(point) => (point.first(), None),
        }
    }

    /// As [`Edtf::bounds`], in words such as `2026-07-01`.
    #[must_use]
    pub fn bounds_text(&self) -> (Option<String>, Option<String>) {
        let (first, last) = self.bounds();
        (first.map(show_day), last.map(show_day))
    }

    pub(crate) fn points(&self) -> [Option<Point>; 2] {
        match *self {
            Self::At(point) | Self::Before(point) | Self::After(point) => [Some(point), None],
            Self::Between(first, last) => [Some(first), Some(last)],
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        for part in [self.month, self.day].into_iter().flatten() {
            write!(f, "-{part:02}")?;
        }
        f.write_str(self.mark.sign())
    }
}

impl fmt::Display for Edtf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(point) => point.fmt(f),
            Self::Between(first, last) => write!(f, "{first}/{last}"),
            Self::Before(point) => write!(f, "../{point}"),
            Self::After(point) => write!(f, "{point}/.."),
        }
    }
}

/// Khmer digits as Latin ones; everything else unchanged.
pub(crate) fn latin_digits(text: &str) -> String {
    let latin = |c: char| match c {
        '\u{17e0}'..='\u{17e9}' => char::from_digit(u32::from(c) - 0x17e0, 10).unwrap_or(c),
        other => other,
    };
    text.chars().map(latin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(text: &str) -> (String, String) {
        let (first, last) = Edtf::parse(text).unwrap().bounds_text();
        (first.unwrap_or_default(), last.unwrap_or_default())
    }

    #[test]
    fn every_form_has_its_bounds() {
        let table = [
            ("2023-07-17", "2023-07-17", "2023-07-17"),
            ("2023-07", "2023-07-01", "2023-07-31"),
            ("2023", "2023-01-01", "2023-12-31"),
            ("2023-07-17~", "2023-07-14", "2023-07-20"),
            ("2023-07~", "2023-06-01", "2023-08-31"),
            ("2023-12~", "2023-11-01", "2024-01-31"),
            ("2023-11~", "2023-10-01", "2023-12-31"),
            ("2023-01~", "2022-12-01", "2023-02-28"),
            ("2020~", "2019-01-01", "2021-12-31"),
            ("2023-07-17?", "2023-07-17", "2023-07-17"),
            ("2023-07%", "2023-06-01", "2023-08-31"),
            ("2023-07-10/2023-07-17", "2023-07-10", "2023-07-17"),
            ("../2023-07-17", "", "2023-07-17"),
            ("2023-07-17/..", "2023-07-17", ""),
            ("2024-02", "2024-02-01", "2024-02-29"),
        ];
        for (text, first, last) in table {
            assert_eq!(bounds(text), (first.to_owned(), last.to_owned()), "{text}");
            assert_eq!(Edtf::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn people_write_the_day_first_and_in_khmer_digits() {
        let today = day(2026, 11, 24).unwrap();
        for (typed, stored) in [
            ("១៧/៧/២០២៣", "2023-07-17"),
            (" 17-07-2023 ", "2023-07-17"),
            ("17.7.2023~", "2023-07-17~"),
            ("7/2023", "2023-07"),
            ("២០២៣", "2023"),
            ("2023-07-17", "2023-07-17"),
        ] {
            assert_eq!(Edtf::from_person(typed, today).unwrap().to_string(), stored, "{typed}");
        }
        for bad in
            ["31/2/2026", "17/7/23", "7/17/2023", "2567", "1899", "2057", "soon", "", "2023-07-17/2023-07-10", "-", "~"]
        {
            assert_eq!(Edtf::from_person(bad, today), Err(Error::NotADate), "{bad}");
        }
    }

    #[test]
    fn a_buddhist_year_is_offered_never_taken() {
        let today = day(2026, 11, 24).unwrap();
        assert!(Edtf::from_person("១៧/៧/២៥៦៦", today).is_err());
        assert_eq!(Edtf::buddhist_offer("១៧/៧/២៥៦៦").unwrap().to_string(), "2023-07-17");
        assert_eq!(Edtf::buddhist_offer("17/7/2023"), None);
    }
}
