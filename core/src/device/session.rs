//! How long a vault stays open: the host reports what happens, asks when to look again, and the device locks itself.
//!
//! No thread and no timer of our own: a phone stops both when it wants. Time is counted by both clocks and the longer
//! one wins, since one of them may stand still while the phone sleeps and the other can be set. A wall clock that jumps
//! ahead locks too early, which costs a passphrase; one that stands still must not keep a vault open.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Device;
use crate::policy::Profile;
use crate::time::{Clock, Time};

/// After how long an open vault is locked, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Since the person last did something.
    pub idle: Duration,
    /// Since the app left the foreground.
    pub background: Duration,
    /// Since the vault was unlocked, whatever was done.
    pub whole: Duration,
}

impl From<Profile> for SessionLimits {
    /// Low: 5 minutes without use, an hour in all. Elevated: 1 minute, a quarter of an hour. Severe: 1 minute, 5 minutes, and
    /// at once when the app leaves the foreground.
    fn from(profile: Profile) -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        match profile {
            Profile::Low => Self { idle: minutes(5), background: minutes(5), whole: minutes(60) },
            Profile::Elevated => Self { idle: minutes(1), background: minutes(1), whole: minutes(15) },
            Profile::Severe => Self { idle: minutes(1), background: Duration::ZERO, whole: minutes(5) },
        }
    }
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    wall: Time,
    uptime: Duration,
}

impl Moment {
    pub(super) fn of(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), uptime: clock.uptime() }
    }

    fn until(self, later: Self) -> Duration {
        self.wall.until(later.wall).max(later.uptime.saturating_sub(self.uptime))
    }
}

/// What happened since the vault was unlocked.
#[derive(Clone, Copy, Debug)]
struct Session {
    unlocked: Moment,
    used: Moment,
    /// Since when the app is in the background.
    left: Option<Moment>,
}

impl Session {
    fn begun(now: Moment) -> Self {
        Self { unlocked: now, used: now, left: None }
    }

    /// How long it may still go on.
    fn left_at(self, now: Moment, limits: &SessionLimits) -> Duration {
        let rest = |since: Moment, limit: Duration| limit.saturating_sub(since.until(now));
        let foreground = rest(self.used, limits.idle).min(rest(self.unlocked, limits.whole));
        self.left.map_or(foreground, |left| foreground.min(rest(left, limits.background)))
    }
}

/// The session of the open vault; `None` until the host says or asks something.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Option<Session>>);

impl Sessions {
    fn with<T>(&self, work: impl FnOnce(&mut Option<Session>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A vault was unlocked. If the app left the foreground since the unlocking `began`, it is in the background still.
    pub(super) fn begin(&self, clock: &dyn Clock, began: Moment) {
        self.with(|session| {
            let left = session.and_then(|before| before.left).filter(|left| left.uptime >= began.uptime);
            *session = Some(Session { left, ..Session::begun(Moment::of(clock)) });
        });
    }
}

impl Device {
    /// The person did something.
    pub fn note_use(&self, clock: &dyn Clock) {
        let now = Moment::of(clock);
        self.sessions.with(|session| session.get_or_insert_with(|| Session::begun(now)).used = now);
    }

    /// The app left the foreground, or came back. Call [`Self::lock_if_due`] after it.
    pub fn note_background(&self, in_background: bool, clock: &dyn Clock) {
        let now = Moment::of(clock);
        self.sessions.with(|session| {
            let session = session.get_or_insert_with(|| Session::begun(now));
            session.left = in_background.then(|| session.left.unwrap_or(now));
        });
    }

    /// How long the vault may stay open: when to call [`Self::lock_if_due`] if nothing happens before. `None` while it is locked.
    #[must_use]
    pub fn lock_due_in(&self, limits: &SessionLimits, clock: &dyn Clock) -> Option<Duration> {
        if self.is_locked() {
            return None;
        }
        let now = Moment::of(clock);
        Some(self.sessions.with(|session| session.get_or_insert_with(|| Session::begun(now)).left_at(now, limits)))
    }

    /// Locks the vault if its time is over; true if it is locked now.
    pub fn lock_if_due(&self, limits: &SessionLimits, clock: &dyn Clock) -> bool {
        let left = self.lock_due_in(limits, clock);
        if left.is_some_and(|left| left.is_zero()) {
            self.lock();
        }
        left.is_none_or(|left| left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::super::testing::*;
    use super::*;

    fn opened(folder: &std::path::Path, clock: &Hands) -> Device {
        let device = device(folder);
        device.unlock(&passphrase(), clock).unwrap();
        device
    }

    #[test]
    fn an_unused_vault_is_locked_at_its_minute_and_use_puts_that_off_until_the_cap() {
        let folder = tempfile::tempdir().unwrap();
        for (profile, idle, whole) in
            [(Profile::Low, 300, 3_600), (Profile::Elevated, 60, 900), (Profile::Severe, 60, 300)]
        {
            let limits = SessionLimits::from(profile);
            let clock = Hands::default();
            let folder = folder.path().join(idle.to_string() + &whole.to_string());
            let device = opened(&folder, &clock);
            clock.pass(idle - 1);
            assert!(!device.lock_if_due(&limits, &clock));
            assert_eq!(device.lock_due_in(&limits, &clock), Some(Duration::from_secs(1)));
            clock.pass(1);
            assert!(device.lock_if_due(&limits, &clock) && device.is_locked());
            assert_eq!(device.lock_due_in(&limits, &clock), None);

            device.unlock(&passphrase(), &clock).unwrap();
            let mut open = 0;
            while !device.lock_if_due(&limits, &clock) {
                device.note_use(&clock);
                clock.pass(30);
                open += 30;
            }
            assert_eq!(open, whole, "used all the time");
        }
    }

    #[test]
    fn the_background_locks_at_once_where_it_should_and_coming_back_begins_no_new_session() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hands::default();
        let device = opened(folder.path(), &clock);
        device.note_background(true, &clock);
        assert!(!device.lock_if_due(&SessionLimits::from(Profile::Elevated), &clock), "control: not yet");
        assert!(device.lock_if_due(&SessionLimits::from(Profile::Severe), &clock) && device.is_locked());

        device.unlock(&passphrase(), &clock).unwrap();
        let limits = SessionLimits::from(Profile::Elevated);
        device.note_background(true, &clock);
        clock.pass(30);
        device.note_background(true, &clock);
        clock.pass(29);
        assert!(!device.lock_if_due(&limits, &clock));
        device.note_background(false, &clock);
        device.note_use(&clock);
        clock.pass(59);
        assert!(!device.lock_if_due(&limits, &clock), "back in front");
        clock.pass(1);
        assert!(device.lock_if_due(&limits, &clock));
    }

    #[test]
    fn neither_a_clock_that_stands_still_nor_one_that_is_set_back_keeps_a_vault_open() {
        let folder = tempfile::tempdir().unwrap();
        let limits = SessionLimits::from(Profile::Low);
        let clock = Hands::default();
        clock.pass(1_000_000);
        let device = opened(folder.path(), &clock);
        // The phone slept: one of the clocks stood still.
        clock.wall.fetch_add(300, Ordering::Relaxed);
        assert!(device.lock_if_due(&limits, &clock));
        device.unlock(&passphrase(), &clock).unwrap();
        clock.wall.fetch_sub(500_000, Ordering::Relaxed);
        clock.uptime.fetch_add(299, Ordering::Relaxed);
        assert!(!device.lock_if_due(&limits, &clock));
        clock.uptime.fetch_add(1, Ordering::Relaxed);
        assert!(device.lock_if_due(&limits, &clock));
    }
}
