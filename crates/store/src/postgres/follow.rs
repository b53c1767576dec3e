//! The one way into the image: a task that fetches the changes of all nodes, its own among them, or takes over what they told of themselves, and
//! keeps this node's lease (DESIGN §5).
//!
//! The image is one object for as long as the process runs, and only ever advances: a node that was fenced registers under a new incarnation
//! and goes on with the image that it has, which lacks nothing but what the next fetch brings. Its old lease runs out by itself; nobody who
//! makes a change stops waiting for it before that.

mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keybearer_core::lease::{Held, Instant, Lease, Terms};
use keybearer_core::token::KeyId;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

pub(super) use self::standing::Standing;
use super::connection::{Pool, Purpose, Transaction};
use super::hints::Hints;
use super::nodes::{self, Heard, Joining};
use super::seeded::Bug;
use super::value::get;
use super::writer::Gauges;
use super::{clock, load};
use crate::{Changed, Consistency, Follower, Horizon, Membership, RevokedKeys, StoreError};

/// How often a node tells that it lives.
const HEARTBEAT: Duration = Duration::from_millis(250);
/// How long after a message the row says the same, unless a heartbeat did before.
const ROW: Duration = Duration::from_millis(100);
/// After what failed.
const AGAIN: Duration = Duration::from_millis(50);
/// How long a start waits for others to let this node join.
const JOINING: Duration = Duration::from_secs(10);
/// How many events are taken in at once.
const PIECE: i64 = 1_000;

/// What the task is asked.
pub(super) enum Ask {
    /// Whether the image is what the database has, looked at from now on.
    Confirm(oneshot::Sender<Result<(), StoreError>>),
    /// To forget what died behind the horizon, these keys among it.
    Forget(Horizon, Vec<KeyId>, oneshot::Sender<()>),
    /// To leave the others.
    Leave(oneshot::Sender<()>),
}

/// What the task is given.
pub(super) struct Beginning {
    pub(super) pool: Pool,
    pub(super) follower: Arc<dyn Follower>,
    pub(super) membership: Membership,
    pub(super) roles: String,
    pub(super) pepper: u16,
    pub(super) horizon: Horizon,
    pub(super) terms: Terms,
    pub(super) hints: Hints,
    pub(super) standing: Arc<Standing>,
    pub(super) gauges: Arc<Gauges>,
}

/// The task.
pub(super) struct Following {
    given: Beginning,
    lease: Lease,
    incarnation: Option<Uuid>,
    next_beat: tokio::time::Instant,
    /// When the row is to tell what only messages have told so far.
    row_is_due: Option<tokio::time::Instant>,
    /// Who wants to know whether the image is in force.
    asking: Vec<oneshot::Sender<Result<(), StoreError>>>,
    is_failing: bool,
}

impl Following {
    /// Loads everything, joins the others, and takes the first lease.
    pub(super) async fn begin(given: Beginning) -> Result<Self, StoreError> {
        let since = clock::now();
        let transaction = given.pool.begin(Purpose::Walk).await?;
        let revision = load::everything(&transaction, given.horizon, &*given.follower).await?;
        transaction.roll_back().await?;
        given.hints.doubts.holds(revision);
        let mut following = Self {
            lease: Lease::new(Held { revision, since }),
            given,
            incarnation: None,
            next_beat: tokio::time::Instant::now(),
            row_is_due: None,
            asking: Vec::new(),
            is_failing: false,
        };
        // An import may hold the counter for longer than a heartbeat waits, and a change may fence this node before its first one.
        let patience = tokio::time::Instant::now() + JOINING;
        while let Err(error) = following.beat().await {
            let is_over = tokio::time::Instant::now() >= patience || following.given.standing.may_serve().is_err();
            if is_over || !matches!(error, StoreError::Unavailable(_)) {
                return Err(error);
            }
            tokio::time::sleep(AGAIN).await;
        }
        following.next_beat = tokio::time::Instant::now() + HEARTBEAT;
        Ok(following)
    }

    /// Follows until nobody can ask any more.
    pub(super) async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let changed = Arc::clone(&self.given.hints.changed);
        loop {
            let next = self.row_is_due.map_or(self.next_beat, |due| due.min(self.next_beat));
            tokio::select! {
                biased;
                ask = asked.recv() => match ask {
                    Some(ask) => self.take(ask).await,
                    None => break,
                },
                () = changed.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
            while let Ok(ask) = asked.try_recv() {
                self.take(ask).await;
            }
            if self.given.hints.has_changes() || !self.asking.is_empty() {
                self.answer().await;
            }
            self.given.hints.tell_put_off();
            if self.row_is_due.is_some_and(|due| tokio::time::Instant::now() >= due) {
                self.tell_by_row().await;
            }
            if tokio::time::Instant::now() >= self.next_beat {
                let beaten = self.beat().await;
                self.next_beat = tokio::time::Instant::now() + if beaten.is_ok() { HEARTBEAT } else { AGAIN };
                self.note(beaten);
            }
        }
        self.leave().await;
    }

    async fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Confirm(answer) => self.asking.push(answer),
            Ask::Forget(horizon, keys, done) => {
                self.given.horizon = self.given.horizon.advanced_to(horizon);
                let keys = keys.into_iter().map(|id| (id, None)).collect();
                self.given.follower.apply(Changed { keys, revision: self.lease.held().revision, ..Changed::default() });
                self.given.follower.forget_sessions(horizon.sessions);
                // Whoever asked may have gone away.
                let _ = done.send(());
            }
            Ask::Leave(done) => {
                self.leave().await;
                // Whoever asked may have gone away.
                let _ = done.send(());
            }
        }
    }

    /// One look at the database for all who ask by now, if there has to be one. Who asks while it is under way waits for the next one.
    async fn answer(&mut self) {
        let asking = std::mem::take(&mut self.asking);
        if let Some(revoked) = self.given.hints.take_revoked(self.lease.held().revision) {
            if let Err(error) = self.take_over(revoked).await {
                self.note(Err(error));
            }
            // That may have been all that they were in doubt of.
            let has_doubts = self.given.hints.doubts.has_any();
            if asking.is_empty() || self.given.standing.is_in_force(has_doubts) {
                asking.into_iter().for_each(|answer| drop(answer.send(self.given.standing.may_serve())));
                return;
            }
        }
        if !asking.is_empty() {
            self.given.gauges.told(|watch| watch.strong_read());
        }
        let caught_up = self.catch_up().await;
        // What ended the service does so for whoever asked before it was found.
        if caught_up.is_ok() || self.given.standing.may_serve().is_err() {
            for answer in asking {
                drop(answer.send(self.given.standing.may_serve()));
            }
        } else {
            // They wait for as long as they like.
            self.asking = asking.into_iter().filter(|answer| !answer.is_closed()).collect();
            tokio::time::sleep(AGAIN).await;
            if !self.asking.is_empty() {
                self.given.hints.may_have_changed();
            }
        }
        self.note(caught_up);
    }

    fn note(&mut self, done: Result<(), StoreError>) {
        match done {
            Ok(()) if std::mem::take(&mut self.is_failing) => tracing::info!("the database answers again"),
            Ok(()) => {}
            Err(error) if !std::mem::replace(&mut self.is_failing, true) => tracing::error!(%error, "changes cannot be followed"),
            Err(_) => {}
        }
    }

    /// Fetches all changes that the image lacks, and tells that it has them.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let before = self.lease.held().revision;
        if Bug::AckBeforeApply.is_seeded()
            && let Some(incarnation) = self.incarnation
        {
            let looked = self.given.pool.begin(Purpose::Follow).await?;
            let counter = looked.one("SELECT revision FROM counter WHERE id = 1", &[]).await?;
            self.acknowledge(Some(looked), incarnation, get(&counter, 0)?, true).await?;
        }
        self.given.hints.take_unnamed();
        loop {
            let (is_all, transaction) = self.fetch().await?;
            let revision = self.lease.held().revision;
            match (self.incarnation.filter(|_| is_all), transaction) {
                (Some(incarnation), transaction) => self.acknowledge(transaction, incarnation, revision, revision > before).await?,
                (None, Some(transaction)) => transaction.roll_back().await?,
                (None, None) => {}
            }
            if is_all {
                return Ok(());
            }
        }
    }

    fn apply(&self, changed: Changed) {
        let revision = changed.revision;
        self.given.follower.apply(changed);
        self.given.hints.doubts.holds(revision);
    }

    /// Takes over what changes told that they did, each of which follows on what is held before it, and tells that it has them.
    async fn take_over(&mut self, revoked: BTreeMap<i64, RevokedKeys>) -> Result<(), StoreError> {
        let is_news = !revoked.is_empty();
        for (revision, revoked) in revoked {
            // Since when it lacks anything is as unknown as before: the next change may have been made long ago.
            let caught_up = self.lease.caught_up(self.lease.held().since, revision);
            caught_up.map_err(|error| self.given.standing.refuse(error))?;
            self.given.gauges.told(|watch| watch.followed(1, self.lease_left()));
            let is_remembered = revoked.at > self.given.horizon.keys;
            let keys = if is_remembered { Vec::new() } else { revoked.keys.iter().map(|id| (*id, None)).collect() };
            let revoked = Some(revoked).filter(|_| is_remembered);
            self.apply(Changed { keys, revoked, revision, ..Changed::default() });
        }
        match self.incarnation {
            Some(incarnation) => self.acknowledge(None, incarnation, self.lease.held().revision, is_news).await,
            None => Ok(()),
        }
    }

    /// Tells that a revision is held, and ends the transaction that read it if there is one, in one journey. Those who made themselves known are
    /// told by a message at once, and the row follows. Where nobody did, the row tells it, since those who wait may hear no messages.
    async fn acknowledge(
        &mut self,
        looked: Option<Transaction>,
        incarnation: Uuid,
        revision: i64,
        is_news: bool,
    ) -> Result<(), StoreError> {
        let is_named = self.given.hints.has_changes();
        let messages = self.given.hints.tell(incarnation, revision);
        if is_news && is_named {
            self.row_is_due.get_or_insert_with(|| tokio::time::Instant::now() + ROW);
        }
        let sql = match messages {
            Some(messages) => Some(messages),
            None if is_news && !is_named => Some(nodes::acknowledging(incarnation, revision)),
            None => None,
        };
        match (looked, sql) {
            // Lost, it costs time only: the next heartbeat tells it again.
            (Some(looked), Some(sql)) => drop(looked.roll_back_and(&sql).await),
            (None, Some(sql)) => drop(self.given.pool.run(&sql).await),
            (Some(looked), None) => looked.roll_back().await?,
            (None, None) => {}
        }
        Ok(())
    }

    /// What messages have told, for those who hear none.
    async fn tell_by_row(&mut self) {
        self.row_is_due = None;
        if let Some(incarnation) = self.incarnation {
            // Lost, it costs time only: the next heartbeat tells it again.
            drop(self.given.pool.run(&nodes::noting(incarnation, self.lease.held().revision)).await);
        }
    }

    /// Fetches some of them, oldest first, in one snapshot. Returns whether that was all, and the transaction if there was one, which has nothing
    /// more to do.
    async fn fetch(&mut self) -> Result<(bool, Option<Transaction>), StoreError> {
        let sent = clock::now();
        let held = self.lease.held();
        let (fetched, transaction) = load::behind(&self.given.pool, self.given.horizon, held.revision, PIECE).await?;
        let is_all = fetched.changed.revision == fetched.counter;
        if fetched.changed.revision > held.revision {
            self.given.gauges.told(|watch| watch.followed(fetched.counter - held.revision, self.lease_left()));
        }
        // Where there is more, what was committed behind this piece may be older than this look.
        let caught_up = self.lease.caught_up(if is_all { sent } else { held.since }, fetched.changed.revision);
        caught_up.map_err(|error| self.given.standing.refuse(error))?;
        if fetched.changed.revision > held.revision {
            self.apply(fetched.changed);
        }
        Ok((is_all, transaction))
    }

    /// One heartbeat; before it, the registration if there is none.
    async fn beat(&mut self) -> Result<(), StoreError> {
        let incarnation = match self.incarnation {
            Some(incarnation) => incarnation,
            None => {
                let Membership { consistency, .. } = &self.given.membership;
                let joining = Joining { membership: &self.given.membership, roles: &self.given.roles, pepper: self.given.pepper };
                let incarnation = nodes::register(&self.given.pool, &joining).await?;
                tracing::info!(%incarnation, consistency = consistency.as_str(), "registered among the nodes");
                self.incarnation = Some(incarnation);
                self.given.standing.is_incarnation(self.incarnation);
                // What was committed while nobody waited for this node.
                self.catch_up().await?;
                incarnation
            }
        };
        let beat = self.lease.beat(clock::now());
        self.given.hints.doubts.pass(beat.sent);
        self.row_is_due = None;
        let wall = self.given.standing.wall();
        let left = i64::try_from(self.lease_left().as_millis()).unwrap_or(i64::MAX);
        match nodes::beat(&self.given.pool, incarnation, beat.held.revision, left).await? {
            Heard::Fenced => {
                tracing::warn!(%incarnation, "this node was too late for a change and fenced: it registers anew");
                self.incarnation = None;
                self.next_beat = tokio::time::Instant::now();
                Err(StoreError::Unavailable("this node was fenced".into()))
            }
            Heard::Counter { revision, server, pepper } => {
                self.given.standing.compare_clocks(wall, server);
                self.given.standing.note_pepper(pepper);
                if revision > self.lease.held().revision {
                    self.catch_up().await?;
                }
                let confirmed = self.lease.confirmed(&beat, revision, &self.given.terms);
                confirmed.map_err(|error| self.given.standing.refuse(error))?;
                self.publish();
                Ok(())
            }
        }
    }

    /// From here on requests are answered under the lease.
    fn publish(&self) {
        if let (Consistency::Lease, Some(end)) = (self.given.membership.consistency, self.lease.end()) {
            self.given.standing.lease_until(end);
        }
    }

    fn lease_left(&self) -> Duration {
        match self.given.membership.consistency {
            Consistency::Lease => self.lease.end().map_or(Duration::ZERO, |end: Instant| end.since(clock::now())),
            Consistency::Strict => Duration::ZERO,
        }
    }

    /// First nobody is answered under the lease any more, then nobody has to wait for it.
    async fn leave(&mut self) {
        self.given.standing.end();
        if let Some(incarnation) = self.incarnation.take() {
            drop(nodes::leave(&self.given.pool, incarnation).await);
        }
        // Nobody joins again after that.
        self.next_beat = tokio::time::Instant::now() + Duration::from_secs(3_600);
    }
}
