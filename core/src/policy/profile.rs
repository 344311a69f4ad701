//! Which rules are in force: a profile, raised by the organisation's floors and by the person's own settings.
//!
//! Floors and settings only ever make a rule stricter: each is the *least* effect a reason has. A profile that is not
//! built yet is refused by [`Policy::new`]: falling back to a laxer one would break the promise that the stricter one
//! made, without anybody noticing.

use std::collections::BTreeMap;

use kapok_wire::bundle::Floor;

use super::reason::Reason;
use crate::route::RouteId;

/// How much danger the person is in. Declared from laxest to strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// Ordinary care.
    Low,
    /// Watched as one of many. Not built yet: it needs a route that hides the device's address.
    Elevated,
    /// Watched as a person. Not built yet: it needs Tor.
    Severe,
}

impl Profile {
    /// All profiles, laxest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Elevated, Self::Severe];

    /// The route this profile tries first; `None` while none of its routes is built.
    fn first_route(self) -> Option<RouteId> {
        match self {
            Self::Low => Some(RouteId::Direct),
            Self::Elevated | Self::Severe => None,
        }
    }

    /// The stable code: what is stored and printed.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Elevated => "elevated",
            Self::Severe => "severe",
        }
    }

    /// The profile with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.code() == code)
    }
}

impl From<Floor> for Profile {
    fn from(floor: Floor) -> Self {
        match floor {
            Floor::Low => Self::Low,
            Floor::Elevated => Self::Elevated,
            Floor::Severe => Self::Severe,
        }
    }
}

/// What a reason does. Declared from laxest to strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing.
    Allow,
    /// The person is asked first.
    Confirm,
    /// Nothing leaves.
    Hold,
}

/// The least effect of some reasons, and the least profile: stricter rules on top of a profile.
///
/// An effect applies to every lane, and also when the fact behind the reason is unknown: an organisation that says
/// "never while roaming" does not mean "except when the phone cannot tell".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Floors {
    profile: Profile,
    effects: BTreeMap<Reason, Effect>,
}

impl Default for Floors {
    fn default() -> Self {
        Self { profile: Profile::Low, effects: BTreeMap::new() }
    }
}

impl Floors {
    /// At least this profile.
    #[must_use]
    pub fn at_least(mut self, profile: Profile) -> Self {
        self.profile = self.profile.max(profile);
        self
    }

    /// `reason` has at least this effect.
    #[must_use]
    pub fn raise(mut self, reason: Reason, effect: Effect) -> Self {
        let entry = self.effects.entry(reason).or_insert(effect);
        *entry = effect.max(*entry);
        self
    }
}

/// What the person chose for themselves, on top of profile and floors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// Rules they made stricter.
    pub stricter: Floors,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    profile: Profile,
    route: RouteId,
    floors: Floors,
    user: UserSettings,
}

impl Policy {
    /// The strictest of the chosen profile and those that `floors` and `user` demand, with both on top.
    ///
    /// # Errors
    /// [`PolicyError::ProfileNotBuilt`] if that profile is not built in this version. Nothing may be sent then.
    pub fn new(chosen: Profile, floors: Floors, user: UserSettings) -> Result<Self, PolicyError> {
        let profile = chosen.max(floors.profile).max(user.stricter.profile);
        let route = profile.first_route().ok_or(PolicyError::ProfileNotBuilt(profile))?;
        Ok(Self { profile, route, floors, user })
    }

    /// A policy that [`Policy::new`] refuses, to try the table's other columns.
    #[cfg(test)]
    pub(super) fn of_any_profile(profile: Profile) -> Self {
        Self { profile, route: RouteId::Direct, floors: Floors::default(), user: UserSettings::default() }
    }

    /// The profile in force.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The route a plan takes.
    pub(super) fn route(&self) -> RouteId {
        self.route
    }

    /// The least effect of `reason`.
    pub(super) fn floor(&self, reason: Reason) -> Effect {
        let of = |floors: &Floors| floors.effects.get(&reason).copied().unwrap_or(Effect::Allow);
        of(&self.floors).max(of(&self.user.stricter))
    }
}

/// Why there is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The profile exists on paper only.
    #[error("this version cannot keep the promises of the profile {}; nothing is sent. Update the app", .0.code())]
    ProfileNotBuilt(Profile),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_is_not_built_is_refused_however_it_is_asked_for() {
        let new = |chosen, floor, user| {
            let user = UserSettings { stricter: Floors::default().at_least(user) };
            Policy::new(chosen, Floors::default().at_least(floor), user)
        };
        assert_eq!(new(Profile::Low, Profile::Low, Profile::Low).unwrap().profile(), Profile::Low);
        for profile in [Profile::Elevated, Profile::Severe] {
            let refused = Err(PolicyError::ProfileNotBuilt(profile));
            assert_eq!(new(profile, Profile::Low, Profile::Low), refused);
            assert_eq!(new(Profile::Low, profile, Profile::Low), refused);
            assert_eq!(new(Profile::Low, Profile::Low, profile), refused);
        }
        assert_eq!(
            new(Profile::Low, Profile::Severe, Profile::Elevated),
            Err(PolicyError::ProfileNotBuilt(Profile::Severe))
        );
    }

    #[test]
    fn floors_only_ever_rise() {
        let floors = Floors::default().raise(Reason::Roaming, Effect::Hold).raise(Reason::Roaming, Effect::Confirm);
        let user = UserSettings { stricter: Floors::default().raise(Reason::Roaming, Effect::Allow) };
        let policy = Policy::new(Profile::Low, floors, user).unwrap();
        assert_eq!(policy.floor(Reason::Roaming), Effect::Hold);
        assert_eq!(policy.floor(Reason::Metered), Effect::Allow);
    }

    #[test]
    fn every_floor_a_bundle_can_name_is_the_profile_of_that_name() {
        for (floor, profile) in [(Floor::Low, "low"), (Floor::Elevated, "elevated"), (Floor::Severe, "severe")] {
            assert_eq!(Profile::from(floor).code(), profile);
            assert_eq!(Profile::from_code(profile), Some(Profile::from(floor)));
        }
        assert_eq!(Profile::from_code("Low"), None);
    }
}
