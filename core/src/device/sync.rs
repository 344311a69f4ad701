//! Sync: ask the policy, send what it allows, free what verified receipts cover.
//!
//! The policy is asked before the first byte and again before each batch; the person's hold is looked at before every
//! handful of objects, because pause must pause, and cuts off what is under way. Objects go out a few at a time over one connection; each outcome is
//! stored before the next handful, so a process that dies loses no more than answers, and the server knows repetitions.
//! Retrying later is the caller's business ([`super::Backoff`]): a sync that was interrupted says so and ends.

use std::collections::BTreeSet;
use std::sync::Arc;

use kapok_wire::answer::Answer;
use kapok_wire::bundle::VerifiedBundle;
use kapok_wire::sizes::ANSWER;
use kapok_wire::upload::{Head, encode_body};
use kapok_wire::{Digest, Hour, Problem, Remedy};
use tokio::task::JoinSet;

use super::Device;
use super::hold::Brake;
use super::outbox::{Caught, Job, Outbox, Outcome};
use super::width::Width;
use crate::error::{Error, Result};
use crate::policy::{
    Asked, BundleState, ClockConfidence, Decision, Facts, Finished, Floors, LastBatch, Plan, Policy, Profile,
    QueueFacts, Reason, Seen, Tokens, UserHold, UserSettings, Work, decide,
};
use crate::route::{DirectRoute, Outcome as TryOutcome, Route, RouteError, Timeouts};
use crate::time::{Clock, Time};

/// Handfuls in a row that only cost tokens: a server that calls every token spent shall not burn them all.
const FRUITLESS_MAX: u32 = 2;

/// What the host knows and wants.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// What the system calls this network (an SSID, for example): never stored, only its keyed hash. Empty: unknown.
    pub network: Vec<u8>,
    /// Who asks.
    pub asked: Asked,
    /// Reasons the person has just said yes to.
    pub confirmed: BTreeSet<Reason>,
    /// Send at most so many objects.
    pub max_objects: u32,
    /// How long a try may take.
    pub timeouts: Timeouts,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            network: Vec::new(),
            asked: Asked::ByPerson,
            confirmed: BTreeSet::new(),
            max_objects: u32::MAX,
            timeouts: Timeouts::default(),
        }
    }
}

/// How far a sync is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Objects receipted in this sync.
    pub done: u32,
    /// Objects that waited when it began.
    pub total: u32,
}

/// How a sync or an enrolment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncEnd {
    /// Nothing that may leave waits any more, or as many objects as asked for were sent.
    Done,
    /// The policy holds the rest.
    Held(Decision),
    /// The line or the server failed; try again later, or act as the error says.
    Interrupted(RouteError),
    /// The server refused something that only a person can change; it stays in the outbox and shows there.
    Refused(Problem),
}

/// What a sync did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncReport {
    /// Objects receipted.
    pub sent: u32,
    /// Objects that still wait.
    pub waiting: u32,
    /// Body bytes sent, heads included.
    pub bytes_up: u64,
    /// Body bytes received.
    pub bytes_down: u64,
    /// Requests answered.
    pub round_trips: u32,
    /// How it ended.
    pub end: SyncEnd,
}

impl Device {
    /// Whether what waits may leave now, with every reason. While all vaults are locked it is about the queues that are
    /// sent from then: the best that may be said of one of them.
    ///
    /// The host's facts are completed by what the device knows itself: holds, what this network was caught at, the
    /// bundle's dates, whether the clock runs on.
    ///
    /// # Errors
    /// Damage of the queue file; [`Error::Policy`] if the organisation demands a profile this version has not.
    pub fn decide(&self, facts: &Facts, options: &SyncOptions, now: Time) -> Result<Decision> {
        let outboxes = self.outboxes();
        let mut best = None;
        for outbox in &outboxes {
            let decision = self.decide_for(Some(outbox), waiting(outbox)?, facts, options, now)?;
            let rank = |decision: &Decision| match decision {
                Decision::Allow(_) => 2,
                Decision::Confirm { .. } => 1,
                Decision::Hold { .. } => 0,
            };
            if best.as_ref().is_none_or(|best| rank(best) < rank(&decision)) {
                best = Some(decision);
            }
        }
        let nothing = Work::Upload { text: 0, media: 0 };
        best.map_or_else(|| self.decide_for(None, nothing, facts, options, now), Ok)
    }

    /// What waits, by lane, so that a shell can say what went and what did not: in the open vault's outbox, or, while all
    /// vaults are locked, in those that are sent from then.
    ///
    /// # Errors
    /// Damage of the queue file.
    pub fn waiting(&self) -> Result<Work> {
        let mut sum = (0, 0);
        for outbox in self.outboxes() {
            let (text, media) = outbox.waiting()?;
            sum = (sum.0 + text, sum.1 + media);
        }
        Ok(Work::Upload { text: sum.0, media: sum.1 })
    }

    pub(super) fn decide_for(
        &self,
        outbox: Option<&Outbox>,
        work: Work,
        facts: &Facts,
        options: &SyncOptions,
        now: Time,
    ) -> Result<Decision> {
        let known = outbox.map(|outbox| Known::of(outbox, options)).transpose()?.unwrap_or(Known::NOTHING);
        let floors = known
            .bundle
            .as_ref()
            .map_or_else(Floors::default, |bundle| Floors::default().at_least(Profile::from(bundle.content().floor)));
        let policy = Policy::new(Profile::Low, floors, UserSettings::default())?;
        let facts = Facts {
            user_hold: if self.is_held()? { UserHold::UntilReleased } else { facts.user_hold },
            intercepted: facts.intercepted.max(known.intercepted),
            filtered: facts.filtered.max(known.filtered),
            clock: ClockConfidence::judge(now, known.latest),
            bundle: match &known.bundle {
                None => BundleState::Unknown,
                Some(bundle) if bundle.is_expired(now.0) => BundleState::Expired,
                Some(_) => BundleState::Valid,
            },
            ..facts.clone()
        };
        let queue = QueueFacts {
            work,
            asked: options.asked,
            tokens: if known.can_pay { Tokens::Enough } else { Tokens::None },
            finished: known.oldest,
            last_batch: known.last_batch.map_or(LastBatch::Never, LastBatch::Ended),
            confirmed: options.confirmed.clone(),
        };
        Ok(decide(&policy, &facts, &queue, now))
    }

    /// Sends what the policy allows of the open vault's outbox or, while all vaults are locked, of those that their
    /// vaults lent for it, one after the other. May be dropped at any await.
    ///
    /// What the server refused for good is tried again when a person asks, since it is a person who changed something.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`], [`Error::Policy`], [`Error::Route`] if the bundle names no usable way, damage of the
    /// queue or pool. Trouble on the line is not an error but an end.
    pub async fn sync(
        &self,
        facts: &Facts,
        options: &SyncOptions,
        clock: &dyn Clock,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<SyncReport> {
        let _alone = self.sending.lock().await;
        let mut sum: Option<SyncReport> = None;
        let mut refused = Error::NotEnrolled;
        for outbox in self.outboxes() {
            let so_far = sum.as_ref().map_or(0, |report| report.sent);
            let options = SyncOptions { max_objects: options.max_objects - so_far, ..options.clone() };
            let report = match self.sync_one(&outbox, facts, &options, clock, progress).await {
                // Another vault was opened: the rest waits until all are locked again.
                Err(Error::Locked) => return Err(Error::Locked),
                // One of several vaults is being moved, or its part of the files is damaged: the others send on, and it tells of it
                // when it is opened.
                Err(error) => {
                    if refused == Error::NotEnrolled {
                        refused = error;
                    }
                    continue;
                }
                Ok(report) => report,
            };
            sum = Some(match sum {
                None => report,
                Some(sum) => sum.and(report),
            });
        }
        sum.ok_or(refused)
    }

    async fn sync_one(
        &self,
        outbox: &Arc<Outbox>,
        facts: &Facts,
        options: &SyncOptions,
        clock: &dyn Clock,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<SyncReport> {
        let bundle = outbox.bundle()?.ok_or(Error::NotEnrolled)?;
        outbox.refuse_moving()?;
        if options.asked == Asked::ByPerson {
            blocking(outbox, Outbox::retry_refused).await?;
        }
        let mut ways = DirectRoute::all(&bundle, options.timeouts)?.into_iter();
        let mut sender = Sender::new(outbox, self.brake(), bundle, ways.next());
        let (text, media) = outbox.waiting()?;
        let total = text + media;
        let decide = |now| self.decide_for(Some(outbox), waiting(outbox)?, facts, options, now);
        let end = loop {
            let plan = match decide(clock.now())? {
                Decision::Allow(plan) => plan,
                held @ (Decision::Hold { .. } | Decision::Confirm { .. }) => break end_of_queue(outbox, held)?,
            };
            match self.send_batch(&mut sender, &plan, options, clock, total, progress).await? {
                BatchEnd::Sent if sender.sent >= options.max_objects => break SyncEnd::Done,
                BatchEnd::Sent => {}
                BatchEnd::Nothing => break end_of_queue(outbox, leftover(decide(clock.now())?))?,
                BatchEnd::Failed(SyncEnd::Interrupted(error)) => {
                    note_failure(outbox, error, options, clock.now())?;
                    // The next endpoint of the bundle, if there is one and this failure was not about the network.
                    match ways.next() {
                        Some(way) if caught(error).is_none() => sender.route = Some(Arc::new(way)),
                        _ => break SyncEnd::Interrupted(error),
                    }
                }
                BatchEnd::Failed(end) => break end,
            }
        };
        if sender.round_trips > 0 {
            let (now, served) = (clock.now(), sender.served);
            blocking(outbox, move |outbox| outbox.note_batch(now, served)).await?;
        }
        let (text, media) = outbox.waiting()?;
        Ok(SyncReport {
            sent: sender.sent,
            waiting: text + media,
            bytes_up: sender.bytes_up,
            bytes_down: sender.bytes_down,
            round_trips: sender.round_trips,
            end,
        })
    }

    /// Forgets what a network was caught at, on a person's word.
    ///
    /// # Errors
    /// Trouble with the queue file.
    pub fn clear_network(&self, network: &[u8]) -> Result<()> {
        self.outboxes().iter().try_for_each(|outbox| outbox.clear_network(outbox.network_id(network)?))
    }

    async fn send_batch(
        &self,
        sender: &mut Sender,
        plan: &Plan,
        options: &SyncOptions,
        clock: &dyn Clock,
        total: u32,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<BatchEnd> {
        let (text, media) = (plan.lanes.text, plan.lanes.media);
        let mut room = u32::from(plan.max_chunks).min(options.max_objects - sender.sent);
        let mut any = false;
        while room > 0 && !self.is_held()? {
            // Another vault was opened, in which nothing may show that there is this one.
            if !self.outboxes().iter().any(|outbox| Arc::ptr_eq(outbox, &sender.outbox)) {
                return Err(Error::Locked);
            }
            let handful = u16::try_from(room).unwrap_or(u16::MAX).min(sender.width.get());
            let jobs = blocking(&sender.outbox, move |outbox| outbox.next_batch(text, media, handful)).await?;
            if jobs.is_empty() {
                return Ok(if any { BatchEnd::Sent } else { BatchEnd::Nothing });
            }
            any = true;
            room -= u32::try_from(jobs.len()).unwrap_or(room);
            let began = clock.now();
            let failed = sender.send(jobs).await?;
            sender.width = sender.width.after(began.until(clock.now()), options.timeouts.whole);
            progress(Progress { done: sender.sent, total });
            if let Some(end) = failed {
                return Ok(BatchEnd::Failed(end));
            }
        }
        Ok(BatchEnd::Sent)
    }
}

impl SyncReport {
    /// Of two queues that were served one after the other. The first end that is not "done" is told.
    fn and(self, next: Self) -> Self {
        Self {
            sent: self.sent + next.sent,
            waiting: self.waiting + next.waiting,
            bytes_up: self.bytes_up + next.bytes_up,
            bytes_down: self.bytes_down + next.bytes_down,
            round_trips: self.round_trips + next.round_trips,
            end: if self.end == SyncEnd::Done { next.end } else { self.end },
        }
    }
}

/// What an outbox knows that the policy asks for.
struct Known {
    bundle: Option<VerifiedBundle>,
    intercepted: Seen,
    filtered: Seen,
    latest: Option<Time>,
    can_pay: bool,
    oldest: Option<Finished>,
    last_batch: Option<Time>,
}

impl Known {
    /// Where there is no outbox.
    const NOTHING: Self = Self {
        bundle: None,
        intercepted: Seen::Never,
        filtered: Seen::Never,
        latest: None,
        can_pay: false,
        oldest: None,
        last_batch: None,
    };

    fn of(outbox: &Outbox, options: &SyncOptions) -> Result<Self> {
        let (intercepted, filtered) = outbox.seen_network(outbox.network_id(&options.network)?)?;
        Ok(Self {
            bundle: outbox.bundle()?,
            intercepted,
            filtered,
            latest: outbox.latest_time()?,
            can_pay: outbox.can_pay()?,
            oldest: outbox.oldest_waiting()?,
            last_batch: outbox.last_batch()?,
        })
    }
}

fn waiting(outbox: &Outbox) -> Result<Work> {
    let (text, media) = outbox.waiting()?;
    Ok(Work::Upload { text, media })
}

/// An empty queue is done, whatever the policy says to it.
fn end_of_queue(outbox: &Outbox, held: Decision) -> Result<SyncEnd> {
    let (text, media) = outbox.waiting()?;
    Ok(if text + media == 0 { SyncEnd::Done } else { SyncEnd::Held(held) })
}

/// Nothing more may be sent under the plan: a lane is left out and its reasons are told.
fn leftover(decision: Decision) -> Decision {
    match decision {
        // The policy sees a token somewhere, but not for what may leave now.
        Decision::Allow(_) => Decision::Hold { reasons: BTreeSet::from([Reason::NoToken]), recheck_after: None },
        held => held,
    }
}

/// Remembers what a failed try proves about the network.
pub(super) fn note_failure(outbox: &Outbox, error: RouteError, options: &SyncOptions, now: Time) -> Result<()> {
    match caught(error) {
        Some(caught) => outbox.note_network(outbox.network_id(&options.network)?, caught, now),
        None => Ok(()),
    }
}

/// What a failed try proves about the network, if anything.
fn caught(error: RouteError) -> Option<Caught> {
    match error.outcome()? {
        TryOutcome::Intercepted { .. } => Some(Caught::Intercepting),
        TryOutcome::CaptiveOrFiltered => Some(Caught::Filtering),
        _ => None,
    }
}

enum BatchEnd {
    Sent,
    Nothing,
    Failed(SyncEnd),
}

/// One sync's connection and counts.
struct Sender {
    outbox: Arc<Outbox>,
    brake: Brake,
    bundle: Arc<VerifiedBundle>,
    route: Option<Arc<DirectRoute>>,
    sent: u32,
    bytes_up: u64,
    bytes_down: u64,
    round_trips: u32,
    /// The latest hour in a verified receipt.
    served: Option<Hour>,
    /// Handfuls in a row of which nothing was accepted.
    fruitless: u32,
    /// Objects of the next handful.
    width: Width,
}

impl Sender {
    fn new(outbox: &Arc<Outbox>, brake: Brake, bundle: VerifiedBundle, route: Option<DirectRoute>) -> Self {
        Self {
            outbox: outbox.clone(),
            brake,
            bundle: Arc::new(bundle),
            route: route.map(Arc::new),
            sent: 0,
            bytes_up: 0,
            bytes_down: 0,
            round_trips: 0,
            served: None,
            fruitless: 0,
            width: Width::narrowest(),
        }
    }

    /// Sends a handful at once and stores every outcome, also those beside a failure.
    async fn send(&mut self, jobs: Vec<Job>) -> Result<Option<SyncEnd>> {
        let route = self.route.clone().ok_or(Error::Route(RouteError::BadEndpoint))?;
        let mut under_way = JoinSet::new();
        for job in jobs {
            let (outbox, bundle, route) = (self.outbox.clone(), self.bundle.clone(), route.clone());
            let brake = self.brake.clone();
            under_way.spawn(async move {
                let sent = brake.unless_pulled(send_one(outbox, &bundle, &*route, job.clone())).await;
                (job, sent)
            });
        }
        let mut outcomes = Vec::new();
        let mut end = None;
        let sent_before = self.sent;
        while let Some(joined) = under_way.join_next().await {
            let (job, sent) = joined.map_err(|_| Error::Store)?;
            let Some(sent) = sent else {
                // Cut off by the hold, which the policy names when it is asked next.
                outcomes.push((job, Outcome::Unanswered));
                continue;
            };
            match sent? {
                Ok(outcome) => {
                    self.round_trips += 1;
                    self.bytes_up += job.lane.body_len() as u64;
                    self.bytes_down += ANSWER as u64;
                    match &outcome {
                        Outcome::Receipted(_, receipt) => {
                            self.sent += 1;
                            self.served = self.served.max(Some(receipt.hour));
                        }
                        Outcome::Refused(problem) => end = worse(end, refused(*problem)),
                        Outcome::Unanswered => {}
                    }
                    outcomes.push((job, outcome));
                }
                Err(error) => {
                    end = worse(end, Some(SyncEnd::Interrupted(error)));
                    outcomes.push((job, Outcome::Unanswered));
                }
            }
        }
        blocking(&self.outbox, move |outbox| outbox.record(&outcomes)).await?;
        self.fruitless = if self.sent > sent_before { 0 } else { self.fruitless + 1 };
        if self.fruitless > FRUITLESS_MAX {
            end = worse(end, Some(SyncEnd::Interrupted(RouteError::Failed(TryOutcome::ServerFault))));
        }
        Ok(end)
    }
}

/// Which of two ends is told: the line's trouble before a refusal, since the refusal stays visible in the outbox.
fn worse(one: Option<SyncEnd>, other: Option<SyncEnd>) -> Option<SyncEnd> {
    match (&one, &other) {
        (Some(SyncEnd::Interrupted(_)), _) | (Some(_), None) => one,
        _ => other,
    }
}

/// A refusal that ends the sync; one that another token cures does not.
fn refused(problem: Problem) -> Option<SyncEnd> {
    match problem.remedy() {
        Remedy::NewToken => None,
        Remedy::RetryLater => Some(SyncEnd::Interrupted(RouteError::Failed(TryOutcome::ServerFault))),
        Remedy::AskPerson => Some(SyncEnd::Refused(problem)),
    }
}

/// Sends one object. The outer error is the device's, the inner one the line's.
async fn send_one(
    outbox: Arc<Outbox>,
    bundle: &VerifiedBundle,
    route: &impl Route,
    job: Job,
) -> Result<Result<Outcome, RouteError>> {
    let lane = job.lane;
    let (body, digest) = blocking(&outbox, move |outbox| {
        let sealed = outbox.sealed_area(&job)?;
        let digest = Digest::of(&sealed);
        let head = Head { lane, upload: job.upload, object: job.object, digest, token: job.token };
        Ok((encode_body(&head, &sealed)?, digest))
    })
    .await?;
    let bytes = match route.post(lane, body).await {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error)),
    };
    let fault = RouteError::Failed(TryOutcome::ServerFault);
    Ok(match Answer::decode(&bytes) {
        Ok(Answer::Accepted(receipt)) => {
            let (key, origin) = bundle.log();
            // A receipt that does not verify is no receipt: the object stays and is sent again.
            receipt.verify(key, origin, digest).map(|receipt| Outcome::Receipted(digest, receipt)).map_err(|_| fault)
        }
        Ok(Answer::Refused(problem)) => Ok(Outcome::Refused(problem)),
        Err(_) => Err(fault),
    })
}

/// Runs file and database work off the async threads.
pub(super) async fn blocking<S: Send + Sync + 'static, T: Send + 'static>(
    store: &Arc<S>,
    work: impl FnOnce(&S) -> Result<T> + Send + 'static,
) -> Result<T> {
    let store = store.clone();
    tokio::task::spawn_blocking(move || work(&store)).await.map_err(|_| Error::Store)?
}
