//! How many objects are under way at once: as many as the line carries well before a try runs out of time.
//!
//! All of them share one line. Eight chunks at once on a mobile line of 4 kB/s are all half way there when the time is up,
//! and that at every try: nothing would ever arrive. So a sync begins with one object and doubles while the line is quick.

use std::time::Duration;

/// Most objects at once: they hide the server's answer time, and a broken line loses few answers.
const MOST: u16 = 8;

/// The number of objects of the next handful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Width(u16);

impl Width {
    /// One object: what a line carries is not known yet.
    pub(super) fn narrowest() -> Self {
        Self(1)
    }

    pub(super) fn get(self) -> u16 {
        self.0
    }

    /// The width after a handful of this width `took` so long, of the `whole` time that a try has.
    pub(super) fn after(self, took: Duration, whole: Duration) -> Self {
        if took <= whole / 8 {
            Self((self.0 * 2).min(MOST))
        } else if took > whole / 2 {
            Self((self.0 / 2).max(1))
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Timeouts;

    /// Seconds that a handful of chunks takes on a line of so many bytes a second.
    fn seconds(width: Width, rate: u64) -> u64 {
        u64::from(width.get()) * 65_536 / rate
    }

    #[test]
    fn on_a_line_that_carries_one_chunk_in_time_no_handful_runs_out_of_it() {
        let whole = Timeouts::default().whole;
        for rate in [600, 1_000, 2_000, 4_000, 8_000, 20_000, 1_000_000] {
            let mut width = Width::narrowest();
            for _ in 0..20 {
                let took = Duration::from_secs(seconds(width, rate));
                assert!(took < whole, "{rate} B/s, {width:?}");
                width = width.after(took, whole);
            }
        }
        assert!(Duration::from_secs(seconds(Width(MOST), 4_000)) > whole, "control: eight at once would");
    }

    #[test]
    fn a_quick_line_is_used_fully_after_three_handfuls_and_a_line_that_becomes_slow_is_given_less() {
        let whole = Duration::from_secs(120);
        let quick = (0..3).fold(Width::narrowest(), |width, _| width.after(Duration::from_secs(1), whole));
        assert_eq!(quick.get(), MOST);
        assert_eq!(quick.after(Duration::from_secs(1), whole).get(), MOST);
        assert_eq!(quick.after(Duration::from_secs(90), whole).get(), 4);
    }
}
