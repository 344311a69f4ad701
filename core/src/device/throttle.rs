//! Waiting between wrong passphrases: it stops a person at the screen.
//!
//! Three tries are free, then come 30 seconds, 2 minutes, 10 minutes and an hour, by the clock that ends later: the one on the
//! wall, which a restart does not stop, and the one that nobody can set. A failed try is written down durably before its
//! answer is given, so ending the program buys no try; a program that the system ended in the middle of one has failed
//! nothing. A right passphrase does not wipe the count, or whoever knows one vault's could guess another's freely
//! in between; it falls by one with each hour without a failure.
//!
//! Against somebody with a copy of the storage only the device key's one operation a guess helps; this record can be copied back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Device;
use crate::error::{Error, Result};
use crate::time::{Clock, Time};

const FREE: u32 = 3;
/// After the last free try, after the next, and so on; the last one stays.
const WAITS: [Duration; 4] =
    [Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(600), Duration::from_secs(3_600)];
const FORGIVEN_PER: Duration = Duration::from_secs(3_600);

/// Wrong passphrases so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) count: u32,
    /// Those since the last right one, which nothing else makes fewer.
    pub(super) in_a_row: u32,
    /// When the last one was.
    pub(super) last: Time,
}

impl Failures {
    /// How long to wait for the next try. `here` is the time since the last failure by the clock that nobody can set, if it
    /// was in this process.
    fn wait(self, now: Time, here: Option<Duration>) -> Duration {
        let Some(step) = self.count.checked_sub(FREE) else { return Duration::ZERO };
        let whole = WAITS.get(step as usize).or(WAITS.last()).copied().unwrap_or_default();
        whole.saturating_sub(self.since(now, here))
    }

    /// Time since the last failure by the clock that says less.
    fn since(self, now: Time, here: Option<Duration>) -> Duration {
        self.last.until(now).min(here.unwrap_or(Duration::MAX))
    }

    fn with_one_more(self, now: Time, here: Option<Duration>) -> Self {
        let forgiven = self.since(now, here).as_secs() / FORGIVEN_PER.as_secs();
        let forgiven = u32::try_from(forgiven).unwrap_or(u32::MAX);
        Self {
            count: self.count.saturating_sub(forgiven).saturating_add(1),
            in_a_row: self.in_a_row.saturating_add(1),
            last: now,
        }
    }
}

/// When, by [`Clock::uptime`], the last failure in this process was. Held during a try: guesses come one by one.
#[derive(Default)]
pub(super) struct Throttle(Mutex<Option<Duration>>);

impl Device {
    /// How long until a passphrase may be tried: zero if at once. Works while locked.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn wait_before_try(&self, clock: &dyn Clock) -> Result<Duration> {
        let last_here = *self.throttle.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.wait(clock, last_here)
    }

    /// Runs `attempt`, which tries a passphrase, if no wait is left, and remembers a wrong one.
    pub(super) fn throttled<T>(&self, clock: &dyn Clock, attempt: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut last_here = self.throttle.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.wait(clock, *last_here)?;
        if wait > Duration::ZERO {
            return Err(Error::TooManyTries { wait });
        }
        let tried = attempt();
        let record = self.queues.record();
        match &tried {
            Err(Error::WrongPassphrase | Error::Shares(_)) => {
                let here = since_here(*last_here, clock);
                *last_here = Some(clock.uptime());
                let failures = record.failures()?.with_one_more(clock.now(), here);
                record.set_failures(failures)?;
                if (1..=failures.in_a_row).contains(&record.erase_after()?) {
                    self.erase_for_good()?;
                    return Err(Error::Erased);
                }
            }
            Ok(_) => {
                let failures = record.failures()?;
                if failures.in_a_row > 0 {
                    record.set_failures(Failures { in_a_row: 0, ..failures })?;
                }
            }
            Err(_) => {}
        }
        tried
    }

    fn wait(&self, clock: &dyn Clock, last_here: Option<Duration>) -> Result<Duration> {
        let (failures, now) = (self.queues.record().failures()?, clock.now());
        let wait = failures.wait(now, since_here(last_here, clock));
        // A clock that was set back since then must not lengthen the wait beyond its step: it counts from now.
        if wait > Duration::ZERO && now < failures.last {
            self.queues.record().set_failures(Failures { last: now, ..failures })?;
        }
        Ok(wait)
    }
}

/// Time since the last failure in this process.
fn since_here(last: Option<Duration>, clock: &dyn Clock) -> Option<Duration> {
    last.map(|last| clock.uptime().saturating_sub(last))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::testing::*;
    use super::*;
    use crate::vault::Passphrase;

    fn wrong() -> Passphrase {
        Passphrase::new(b"not this one".to_vec()).unwrap()
    }

    fn wait(seconds: u64) -> Result<()> {
        Err(Error::TooManyTries { wait: Duration::from_secs(seconds) })
    }

    #[test]
    fn three_tries_are_free_and_each_wait_is_longer_until_an_hour() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        device.lock();
        let clock = Hands::default();
        for _ in 0..3 {
            assert_eq!(device.unlock(&wrong(), &clock), Err(Error::WrongPassphrase));
        }
        for seconds in [30, 120, 600, 3_600, 3_600] {
            // Right or wrong: nothing is tried while a wait is left.
            assert_eq!(device.unlock(&passphrase(), &clock), wait(seconds));
            clock.pass(seconds - 1);
            assert_eq!(device.unlock(&wrong(), &clock), wait(1));
            clock.pass(1);
            assert_eq!(device.unlock(&wrong(), &clock), Err(Error::WrongPassphrase));
        }
        clock.pass(3_600);
        device.unlock(&passphrase(), &clock).unwrap();
        // Control: a device without failures asks for no wait.
        let fresh = tempfile::tempdir().unwrap();
        assert_eq!(super::super::testing::device(fresh.path()).wait_before_try(&clock), Ok(Duration::ZERO));
    }

    #[test]
    fn a_clock_set_forward_forgives_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        let clock = Hands::default();
        for _ in 0..3 {
            let _ = device.unlock(&wrong(), &clock);
        }
        clock.pass(30);
        clock.wall.fetch_add(1_000_000, Ordering::Relaxed);
        assert_eq!(device.unlock(&wrong(), &clock), Err(Error::WrongPassphrase));
        assert_eq!(device.unlock(&passphrase(), &clock), wait(120), "the next step, not the first again");
        // Control: hours that really pass forgive.
        clock.pass(1_000_000);
        assert_eq!(device.unlock(&wrong(), &clock), Err(Error::WrongPassphrase));
        assert_eq!(device.wait_before_try(&clock), Ok(Duration::ZERO));
    }

    #[test]
    fn neither_a_restart_nor_a_clock_set_forward_ends_a_wait() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        let first = device(folder.path());
        for _ in 0..3 {
            let _ = first.unlock(&wrong(), &clock);
        }
        clock.wall.fetch_add(1_000_000, Ordering::Relaxed);
        assert_eq!(first.wait_before_try(&clock), Ok(Duration::from_secs(30)), "the other clock has not moved");
        clock.wall.fetch_sub(1_000_000, Ordering::Relaxed);
        drop(first);
        let again = reopened(folder.path());
        assert_eq!(again.unlock(&passphrase(), &clock), wait(30));
        clock.pass(30);
        again.unlock(&passphrase(), &clock).unwrap();
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_the_step() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        clock.wall.fetch_add(50_000_000, Ordering::Relaxed);
        let first = device(folder.path());
        for _ in 0..3 {
            let _ = first.unlock(&wrong(), &clock);
        }
        drop(first);
        clock.wall.store(0, Ordering::Relaxed);
        let again = reopened(folder.path());
        assert_eq!(again.unlock(&passphrase(), &clock), wait(30));
        clock.pass(30);
        again.unlock(&passphrase(), &clock).unwrap();
    }

    #[test]
    fn a_right_passphrase_wipes_no_count_and_hours_do() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        let clock = Hands::default();
        for _ in 0..2 {
            let _ = device.unlock(&wrong(), &clock);
            device.unlock(&passphrase(), &clock).unwrap();
        }
        let _ = device.unlock(&wrong(), &clock);
        assert_eq!(device.unlock(&passphrase(), &clock), wait(30), "the third failure, whatever came in between");
        clock.pass(3 * 3_600);
        for _ in 0..3 {
            assert_eq!(device.unlock(&wrong(), &clock), Err(Error::WrongPassphrase), "forgiven by the hours");
        }
        assert_eq!(device.unlock(&wrong(), &clock), wait(30));
    }

    #[test]
    fn changing_the_passphrase_is_a_try_too() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        let clock = Hands::default();
        for _ in 0..3 {
            assert_eq!(device.change_passphrase(&wrong(), &passphrase(), &clock), Err(Error::WrongPassphrase));
        }
        assert_eq!(device.change_passphrase(&passphrase(), &wrong(), &clock), wait(30));
    }
}
