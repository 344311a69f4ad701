//! Enrolment: from an invite to a verified bundle and a batch of tokens.
//!
//! The bundle comes over a connection that only the invite's pin vouches for, which can carry no secret; it is
//! verified by the root keys the invite names. Only then the secret and the blinded batch go out, over a connection
//! that the bundle vouches for. The batch is stored before it is sent: a lost answer is asked for again unchanged, and the
//! server knows the repetition.

use std::collections::BTreeSet;
use std::sync::Arc;

use kapok_wire::Invite;
use kapok_wire::bundle::UntrustedBundle;
use kapok_wire::enrol::{EnrolAnswer, EnrolRequest};

use super::Device;
use super::outbox::Outbox;
use super::sync::{SyncEnd, SyncOptions, blocking, note_failure};
use crate::error::{Error, Result};
use crate::policy::{Decision, Facts, Reason, Work};
use crate::route::{DirectRoute, InviteRoute, Outcome, Route as _, RouteError};
use crate::time::Time;

/// What an enrolment or a look for a newer bundle came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolReport {
    /// The organisation's name, if its bundle was verified.
    pub organisation: Option<String>,
    /// How it ended.
    pub end: SyncEnd,
}

impl EnrolReport {
    fn ended(end: SyncEnd) -> Self {
        Self { organisation: None, end }
    }
}

impl Device {
    /// Enrols the open vault with the organisation of an invite: each vault has an enrolment of its own. Doing it again
    /// after an interruption goes on.
    ///
    /// # Errors
    /// [`Error::Locked`], [`Error::OtherOrganisation`], [`Error::Bundle`] if the bundle is refused, [`Error::Refused`] if the invite is,
    /// [`Error::Token`] if the server made the tokens with a key of its own. Trouble on the line is an end.
    pub async fn enrol(&self, invite: &Invite, facts: &Facts, options: &SyncOptions, now: Time) -> Result<EnrolReport> {
        let outbox = self.own_outbox()?;
        outbox.refuse_moving()?;
        if outbox.roots()?.is_some_and(|roots| roots != invite.roots) {
            return Err(Error::OtherOrganisation);
        }
        let held = self.decide_for(Some(&outbox), Work::Errand, facts, options, now)?;
        if !matches!(held, Decision::Allow(_)) {
            return Ok(EnrolReport::ended(SyncEnd::Held(held)));
        }
        let brake = self.brake();
        let page = match brake.unless_pulled(InviteRoute::new(invite, options.timeouts)?.fetch_bundle()).await {
            Some(Ok(page)) => page,
            Some(Err(error)) => return self.interrupted(&outbox, error, options, now),
            None => return self.stopped(&outbox, facts, options, now),
        };
        let in_force = outbox.bundle()?;
        let bundle = UntrustedBundle::from_bytes(&page)?.verify(&invite.roots, in_force.as_ref(), now.0)?;
        let organisation = bundle.content().organisation.clone();

        // EXPOSE: the task that stores it, under the device key, needs one of its own.
        let secret = kapok_wire::InviteSecret::from_bytes(*invite.secret.expose());
        let pending = blocking(&outbox, move |outbox| outbox.begin_enrolment(&secret)).await?;
        let blinded = pending.blinding.elements()?;
        let request = EnrolRequest { secret: pending.secret, blinded }.encode()?;
        let route = DirectRoute::all(&bundle, options.timeouts)?.into_iter().next();
        let route = route.ok_or(Error::Route(RouteError::BadEndpoint))?;
        if self.is_held()? {
            return self.stopped(&outbox, facts, options, now);
        }
        let page = match brake.unless_pulled(route.enrol(request)).await {
            Some(Ok(page)) => page,
            Some(Err(error)) => return self.interrupted(&outbox, error, options, now),
            None => return self.stopped(&outbox, facts, options, now),
        };
        let evaluation = match EnrolAnswer::decode(&page) {
            Ok(EnrolAnswer::Tokens(evaluation)) => evaluation,
            Ok(EnrolAnswer::Refused(problem)) => return Err(Error::Refused(problem)),
            Err(_) => return self.interrupted(&outbox, RouteError::Failed(Outcome::ServerFault), options, now),
        };
        let tokens = pending.blinding.finish(&evaluation, bundle.issuer())?;
        let roots = invite.roots;
        blocking(&outbox, move |outbox| outbox.finish_enrolment(&roots, &bundle, &tokens)).await?;
        Ok(EnrolReport { organisation: Some(organisation), end: SyncEnd::Done })
    }

    /// Looks for a newer bundle of the open vault's organisation and takes it up. An older one is never taken. While all
    /// vaults are locked, for each of the queues that are sent from then; the last one's end is given, or the first that failed.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`], [`Error::Bundle`] if what the server has is refused; the bundle in force stays.
    pub async fn refresh_bundle(&self, facts: &Facts, options: &SyncOptions, now: Time) -> Result<EnrolReport> {
        let mut report = Err(Error::NotEnrolled);
        for outbox in self.outboxes() {
            match self.refresh(&outbox, facts, options, now).await {
                Err(Error::NotEnrolled) => {}
                refreshed => {
                    report = Ok(refreshed?);
                    if !report.as_ref().is_ok_and(|report| report.end == SyncEnd::Done) {
                        break;
                    }
                }
            }
        }
        report
    }

    async fn refresh(
        &self,
        outbox: &Arc<Outbox>,
        facts: &Facts,
        options: &SyncOptions,
        now: Time,
    ) -> Result<EnrolReport> {
        let (Some(roots), Some(in_force)) = (outbox.roots()?, outbox.bundle()?) else {
            return Err(Error::NotEnrolled);
        };
        outbox.refuse_moving()?;
        let held = self.decide_for(Some(outbox), Work::Errand, facts, options, now)?;
        if !matches!(held, Decision::Allow(_)) {
            return Ok(EnrolReport::ended(SyncEnd::Held(held)));
        }
        let route = DirectRoute::all(&in_force, options.timeouts)?.into_iter().next();
        let route = route.ok_or(Error::Route(RouteError::BadEndpoint))?;
        let page = match self.brake().unless_pulled(route.fetch_bundle()).await {
            Some(Ok(page)) => page,
            Some(Err(error)) => return self.interrupted(outbox, error, options, now),
            None => return self.stopped(outbox, facts, options, now),
        };
        let bundle = UntrustedBundle::from_bytes(&page)?.verify(&roots, Some(&in_force), now.0)?;
        let organisation = Some(bundle.content().organisation.clone());
        blocking(outbox, move |outbox| outbox.replace_bundle(&roots, &bundle)).await?;
        Ok(EnrolReport { organisation, end: SyncEnd::Done })
    }

    /// A hold came in the middle, and the policy names it; one that was lifted since is told all the same, because nothing
    /// came of the work.
    pub(super) fn stopped(
        &self,
        outbox: &Outbox,
        facts: &Facts,
        options: &SyncOptions,
        now: Time,
    ) -> Result<EnrolReport> {
        let held = match self.decide_for(Some(outbox), Work::Errand, facts, options, now)? {
            Decision::Allow(_) => Decision::Hold { reasons: BTreeSet::from([Reason::UserHold]), recheck_after: None },
            held => held,
        };
        Ok(EnrolReport::ended(SyncEnd::Held(held)))
    }

    fn interrupted(&self, outbox: &Outbox, error: RouteError, options: &SyncOptions, now: Time) -> Result<EnrolReport> {
        note_failure(outbox, error, options, now)?;
        Ok(EnrolReport::ended(SyncEnd::Interrupted(error)))
    }
}
