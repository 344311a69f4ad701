//! Waiting between wrong passphrases: it stops a person at the screen.
//!
//! Three tries are free, then come 30 seconds, 2 minutes, 10 minutes and an hour, by the clock that ends later: the one on the
//! wall, and the time since the phone started, which nobody can set. After a restart of the phone the second one knows of no
//! time before it, so a step that was not yet over begins anew: switching the phone off and setting its clock buys no try.
//! A step that was waited for once never comes back that way. A failed try is written down durably before its
//! answer is given, so ending the program buys no try, as long as the medium takes a write; one that takes none keeps nobody out
//! who is right. A program that the system ended in the middle of a try has failed nothing. A right passphrase does not wipe the count, or whoever knows one vault's could guess another's freely
//! in between; it falls by one with each hour without a failure. Choosing a new passphrase counts as a wrong one: whether it is
//! taken tells whether it opens another vault.
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
    /// The same by [`Clock::uptime`].
    pub(super) last_uptime: Duration,
    /// The wait that it brought is over.
    pub(super) waited: bool,
}

/// A moment by both clocks.
#[derive(Clone, Copy)]
struct Now {
    wall: Time,
    uptime: Duration,
}

impl Now {
    fn by(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), uptime: clock.uptime() }
    }
}

impl Failures {
    /// How long to wait for the next try.
    fn wait(self, now: Now) -> Duration {
        let step = self.count.checked_sub(FREE).filter(|_| !self.waited);
        let whole = step.map(|step| WAITS.get(step as usize).or(WAITS.last()).copied().unwrap_or_default());
        whole.unwrap_or_default().saturating_sub(self.since(now))
    }

    /// Time since the last failure by the clock that says less. If the phone was started since then, the time since that start
    /// is all that is sure.
    fn since(self, now: Now) -> Duration {
        let sure = now.uptime.checked_sub(self.last_uptime).unwrap_or(now.uptime);
        self.last.until(now.wall).min(sure)
    }

    /// A clock that was set back, or a start of the phone, since the last failure: from here on it counts from there, so that
    /// no wait is longer than its step.
    fn counted_from(self, now: Now) -> Self {
        let last_uptime = if now.uptime < self.last_uptime { Duration::ZERO } else { self.last_uptime };
        Self { last: self.last.min(now.wall), last_uptime, ..self }
    }

    /// Without those that whole hours have forgiven.
    fn forgiven(self, now: Now) -> Self {
        let hours = self.since(now).as_secs() / FORGIVEN_PER.as_secs();
        if hours == 0 {
            return self;
        }
        let count = self.count.saturating_sub(u32::try_from(hours).unwrap_or(u32::MAX));
        Self { count, last: now.wall, last_uptime: now.uptime, waited: true, ..self }
    }

    fn with_one_more(self, now: Now) -> Self {
        let before = self.forgiven(now);
        Self {
            count: before.count.saturating_add(1),
            in_a_row: before.in_a_row.saturating_add(1),
            last: now.wall,
            last_uptime: now.uptime,
            waited: false,
        }
    }

    /// After a right passphrase, for which no wait was left.
    fn with_a_right_one(self, now: Now) -> Self {
        Self { in_a_row: 0, waited: true, ..self.counted_from(now).forgiven(now) }
    }
}

/// Held during a try: guesses come one by one. Has what could not be written down, on a full disk for example: it counts at least
/// until the program ends, and keeps nobody out who is right.
#[derive(Default)]
pub(super) struct Throttle(Mutex<Option<Failures>>);

/// What a try does with the passphrases it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// Opens a vault with one.
    Opens,
    /// Sets a new one besides, which tells whether that opens anything already.
    Chooses,
}

impl Device {
    /// How long until a passphrase may be tried: zero if at once. Works while locked.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn wait_before_try(&self, clock: &dyn Clock) -> Result<Duration> {
        let mut unsaved = self.throttle.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.wait(&mut unsaved, Now::by(clock))
    }

    /// Runs `attempt`, which tries a passphrase, if no wait is left, and remembers a wrong one.
    pub(super) fn throttled<T>(
        &self,
        clock: &dyn Clock,
        kind: Attempt,
        attempt: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let mut unsaved = self.throttle.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = self.wait(&mut unsaved, Now::by(clock))?;
        if wait > Duration::ZERO {
            return Err(Error::TooManyTries { wait });
        }
        let tried = attempt();
        let before = self.failures(*unsaved)?;
        let now = Now::by(clock);
        match &tried {
            Err(Error::WrongPassphrase | Error::Shares(_)) => {
                let failures = before.with_one_more(now);
                self.note_failures(&mut unsaved, failures);
                if (1..=failures.in_a_row).contains(&self.queues.record().erase_after()?) {
                    self.erase_for_good()?;
                    return Err(Error::Erased);
                }
            }
            Ok(_) | Err(Error::SamePassphrase) if kind == Attempt::Chooses => {
                self.note_failures(&mut unsaved, Failures { in_a_row: 0, ..before.with_one_more(now) });
            }
            Ok(_) => {
                let after = before.with_a_right_one(now);
                // Nothing to remember, nothing to write.
                if before.count.max(before.in_a_row) > 0 && after != before {
                    self.note_failures(&mut unsaved, after);
                }
            }
            Err(_) => {}
        }
        tried
    }

    fn failures(&self, unsaved: Option<Failures>) -> Result<Failures> {
        let written = self.queues.record().failures()?;
        Ok(unsaved.unwrap_or(written))
    }

    fn note_failures(&self, unsaved: &mut Option<Failures>, failures: Failures) {
        *unsaved = self.queues.record().set_failures(failures).err().map(|_| failures);
    }

    fn wait(&self, unsaved: &mut Option<Failures>, now: Now) -> Result<Duration> {
        let failures = self.failures(*unsaved)?;
        let wait = failures.wait(now);
        let counted = failures.counted_from(now);
        if wait > Duration::ZERO && counted != failures {
            self.note_failures(unsaved, counted);
        }
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use super::super::Further;
    use super::super::testing::*;
    use super::*;
    use crate::vault::{NoDeviceKey, Passphrase};

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

    fn after_three_failures(folder: &Path, clock: &Hands) -> Device {
        clock.pass(500);
        let device = device(folder);
        for _ in 0..3 {
            assert_eq!(device.unlock(&wrong(), clock), Err(Error::WrongPassphrase));
        }
        device.lock();
        device
    }

    #[test]
    fn switching_the_phone_off_and_setting_its_clock_buys_no_try() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        drop(after_three_failures(folder.path(), &clock));
        clock.start_again();
        clock.wall.fetch_add(31_536_000, Ordering::Relaxed);
        let again = reopened(folder.path());
        assert_eq!(again.unlock(&passphrase(), &clock), wait(30), "a year by the clock on the wall is no proof");
        clock.pass(29);
        assert_eq!(again.unlock(&passphrase(), &clock), wait(1));
        clock.pass(1);
        again.unlock(&passphrase(), &clock).unwrap();
        // Control: the same year without switching off, in which the other clock went on, is one.
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        let device = after_three_failures(folder.path(), &clock);
        clock.pass(31_536_000);
        device.unlock(&passphrase(), &clock).unwrap();
    }

    #[test]
    fn a_start_of_the_phone_lengthens_no_wait_beyond_its_step() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        drop(after_three_failures(folder.path(), &clock));
        clock.start_again();
        let again = reopened(folder.path());
        // Up to the moment at which the failure was, and past it: 500 seconds after a start.
        clock.pass(10);
        assert_eq!(again.unlock(&passphrase(), &clock), wait(20));
        clock.pass(20);
        again.unlock(&passphrase(), &clock).unwrap();
        clock.pass(469);
        again.unlock(&passphrase(), &clock).unwrap();
        clock.pass(2);
        again.unlock(&passphrase(), &clock).unwrap();
    }

    #[test]
    fn a_wait_that_is_over_does_not_come_back_with_a_start_of_the_phone() {
        let wait_after_start = |waited: bool| {
            let folder = tempfile::tempdir().unwrap();
            let clock = Hands::default();
            let device = after_three_failures(folder.path(), &clock);
            clock.pass(30);
            if waited {
                device.unlock(&passphrase(), &clock).unwrap();
            }
            drop(device);
            clock.start_again();
            reopened(folder.path()).wait_before_try(&clock).unwrap().as_secs()
        };
        assert_eq!(wait_after_start(true), 0);
        assert_eq!(wait_after_start(false), 30, "control");
    }

    #[test]
    fn hours_since_a_start_of_the_phone_forgive_and_those_before_it_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        let device = after_three_failures(folder.path(), &clock);
        clock.pass(30);
        device.unlock(&passphrase(), &clock).unwrap();
        clock.start_again();
        clock.wall.fetch_add(31_536_000, Ordering::Relaxed);
        device.unlock(&passphrase(), &clock).unwrap();
        assert_eq!(device.queues.record().failures().unwrap().count, 3);
        clock.pass(2 * 3_600);
        device.unlock(&passphrase(), &clock).unwrap();
        assert_eq!(device.queues.record().failures().unwrap().count, 1);
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

    #[test]
    fn whoever_knows_one_passphrase_cannot_try_others_as_new_ones_faster() {
        let folder = tempfile::tempdir().unwrap();
        let second = Passphrase::new(b"paper lantern over another river".to_vec()).unwrap();
        let further = [Further::Vault(&second)];
        let key = Arc::new(NoDeviceKey);
        let device = Device::create_with(folder.path(), &passphrase(), &further, key, options(4, 8)).unwrap();
        let clock = Hands::default();
        let mut current = passphrase();
        let guesses = ["a first guess", "a second guess", "paper lantern over another river"];
        for (number, guess) in guesses.iter().enumerate() {
            let guess = Passphrase::new(guess.as_bytes().to_vec()).unwrap();
            let answer = device.change_passphrase(&current, &guess, &clock);
            assert_eq!(answer, if number == 2 { Err(Error::SamePassphrase) } else { Ok(()) });
            current = if number == 2 { current } else { guess };
        }
        let next = Passphrase::new(b"a fourth guess".to_vec()).unwrap();
        assert_eq!(device.change_passphrase(&current, &next, &clock), wait(30));
        clock.pass(30);
        device.unlock(&current, &clock).unwrap();
        assert_eq!(device.queues.record().failures().unwrap().in_a_row, 0, "it erases nothing");
    }

    #[test]
    fn a_record_that_cannot_be_written_counts_all_the_same_and_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let device = device(folder.path());
        let clock = Hands::default();
        let unsaved = Failures { count: 3, in_a_row: 3, last: clock.now(), ..Failures::default() };
        *device.throttle.0.lock().unwrap() = Some(unsaved);
        assert_eq!(device.unlock(&passphrase(), &clock), wait(30));
        clock.pass(30);
        device.unlock(&passphrase(), &clock).unwrap();
        // Control: it was written now, with the first right one.
        drop(device);
        assert_eq!(reopened(folder.path()).queues.record().failures().unwrap().count, 3);
    }
}
