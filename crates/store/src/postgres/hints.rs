//! Hints: that there is a change, or that a node has one. Where they are lost, or a proxy cannot carry them, everything happens a little later.
//!
//! A change names its revision, and where its maker hears who has it. A node that has it says so there, by its incarnation and
//! the revision that its image holds. That is a fact which nothing takes back, for an image only ever advances: so it may come late, twice, or
//! from an incarnation that is fenced already, and does no harm.
//!
//! Of a revocation, its maker tells directly which keys it revoked, after the commit. That is a fact as well: which change has which revision
//! does not alter. So a node that holds the revision before takes it over without a look at the database.
//!
//! Hints go through the database, by `NOTIFY`, until two nodes have found that they hear each other directly; then from one to the other,
//! which costs the database nothing. What a maker said directly is answered directly; what it said through the database is answered both ways.
//! A maker says directly what it has to say if all whom it waits for have answered so, and turns to the database where they do not answer soon.

mod direct;
mod foretold;
mod heard;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keybearer_core::lease::Terms;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_postgres::AsyncMessage;
use uuid::Uuid;

use self::direct::{Direct, Hearing, Place, Said, has_room};
pub(super) use self::foretold::Foretold;
use self::foretold::{Doubts, Foretelling, Heeding};
use self::heard::{Heard, Holder};
use super::address::PostgresUrl;
use super::connection::CONNECT;
use super::failure::told;
use super::nodes::{ACKED, CHANGED, Members, WaitedFor};
use super::seeded::Bug;
use crate::{Messages, RevokedKeys, StoreError};

/// How long to wait before the next connection is tried.
const AGAIN: Duration = Duration::from_millis(500);
/// The most nodes that anything is remembered of.
const MOST: usize = 1_000;
/// How long a node that does not answer directly is told through the database.
const FAR: Duration = Duration::from_secs(10);
/// How often in a row it may answer late before that: machines are busy at times.
const LATE: u8 = 3;

/// Who is woken by which hint, and what the hints said.
#[derive(Clone)]
pub(super) struct Hints {
    /// There is a change.
    pub(super) changed: Arc<Notify>,
    /// A node has a change, or is gone.
    pub(super) acked: Arc<Notify>,
    /// Tells the channel of this process from those of others.
    process: Uuid,
    messages: Messages,
    /// Where it sends and hears messages, if it does.
    direct: Arc<ArcSwapOption<Direct>>,
    heard: Arc<Mutex<Heard>>,
    /// What others foretold, and this node heeds.
    pub(super) doubts: Arc<Doubts>,
}

/// Who was told of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// Whoever listens at the database.
    Everybody,
    /// Those that it waits for, directly, or they are about to be and have heeded it.
    Each,
    /// Perhaps nobody.
    Nobody,
}

impl Hints {
    pub(super) fn new(messages: Messages, terms: Terms) -> Self {
        let process = Uuid::new_v4();
        let doubts = Arc::new(Doubts::new(terms));
        Self { changed: Arc::default(), acked: Arc::default(), process, messages, direct: Arc::default(), heard: Arc::default(), doubts }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statement that tells the nodes of a change.
    pub(super) fn telling(&self, revision: i64) -> String {
        let place = self.direct.load().as_ref().map(|direct| format!(" {}", direct.place.written())).unwrap_or_default();
        format!("NOTIFY {CHANGED}, '{} {revision}{place}'", self.process.simple())
    }

    /// As [`Hints::telling`], for a change that is about to be committed; none where it can be told directly.
    pub(super) fn telling_all(&self, revision: i64) -> Option<String> {
        let is_direct = self.direct.load().is_some() && self.heard().are_all_near();
        (!is_direct).then(|| self.telling(revision))
    }

    /// A change was committed here, which did no more than revoke these keys if any are given. Tells the follower here of it, and those directly
    /// that the change before had to wait for, unless the database tells everybody.
    pub(super) fn committed(&self, revision: i64, revoked: Option<RevokedKeys>, by_the_database: bool) {
        // What was before comes first.
        self.tell_put_off();
        let told = revoked.clone().filter(|revoked| has_room(&revoked.keys));
        let mut heard = self.heard();
        heard.keep_committed(self.process, revision, revoked);
        self.changed.notify_one();
        if by_the_database {
            return;
        }
        let said = Said::Changed { process: self.process, revision, revoked: told };
        let direct = self.direct.load();
        let near = heard.others.iter().flatten().filter_map(|other| Some((*other, heard.near(*other)?)));
        let told = near.filter(|(_, address)| direct.as_ref().is_some_and(|direct| direct.answer(&said, *address)));
        heard.told = told.map(|(other, _)| other).collect();
    }

    /// The change that was just committed has to wait for these nodes, if anybody knows. Returns who was told of it.
    pub(super) fn waits_for(&self, nodes: Option<&WaitedFor>, by_the_database: bool) -> Told {
        let mut heard = self.heard();
        let own = heard.own;
        heard.others = nodes.map(|nodes| nodes.iter().map(|(node, _)| *node).filter(|node| Some(*node) != own).collect());
        let told = std::mem::take(&mut heard.told);
        match &heard.others {
            _ if by_the_database => Told::Everybody,
            Some(others) if others.iter().all(|other| told.contains(other)) => Told::Each,
            _ => Told::Nobody,
        }
    }

    /// These are those that changes have to wait for.
    pub(super) fn remember(&self, Members { nodes, joined }: Members) -> WaitedFor {
        self.heard().members = Some((joined, nodes.clone()));
        nodes
    }

    /// Some of them are not waited for any more.
    pub(super) fn forget_members(&self) {
        self.heard().members = None;
    }

    /// Those that a change has to wait for behind whose lock so many nodes had joined, and perhaps some that it need not; none if others have
    /// joined than are known here.
    pub(super) fn members(&self, joined: i64) -> Option<WaitedFor> {
        self.heard().members.as_ref().and_then(|(then, nodes)| (*then == joined).then(|| nodes.clone()))
    }

    /// These nodes do not say in time that they hold this revision. Those of which that is the rule are told through the database.
    pub(super) fn are_late(&self, nodes: &WaitedFor, revision: i64) {
        let mut heard = self.heard();
        let until = Instant::now() + FAR;
        for (incarnation, acked) in nodes {
            if let Some(holder) = heard.holders.get_mut(incarnation).filter(|holder| holder.revision.max(*acked) < revision) {
                holder.late += 1;
                if holder.late >= LATE {
                    holder.late = 0;
                    holder.far_until = Some(until);
                }
            }
        }
    }

    /// Tells the makers of changes up to `revision` that this incarnation holds it, directly where they hear that. Returns the statements that
    /// tell the others, if there are any. They write nothing that the server would wait for on the disk.
    pub(super) fn tell(&self, incarnation: Uuid, revision: i64) -> Option<String> {
        let direct = self.direct.load();
        let mut heard = self.heard();
        heard.own = Some(incarnation);
        heard.revoked.retain(|told, _| *told > revision);
        let makers: Vec<_> = heard.makers.extract_if(|_, news| news.revision <= revision).collect();
        let mut told = Vec::new();
        for (process, news) in makers.into_iter().filter(|(process, _)| *process != self.process) {
            let place = heard.places.get(&process);
            let said = Said::Holds { incarnation, revision };
            let is_sent = direct.as_ref().zip(place).is_some_and(|(direct, place)| direct.send(&said, place));
            if !(is_sent && news.is_direct) {
                told.push(format!("NOTIFY {}, '{incarnation} {revision}'", channel(process)));
            }
        }
        let foretold = heard.foretold.take();
        drop(heard);
        self.hold(incarnation, revision, None);
        if let Some(foretold) = foretold {
            self.heed(foretold);
        }
        (!told.is_empty()).then(|| told.join("; "))
    }

    fn hold(&self, incarnation: Uuid, revision: i64, from: Option<SocketAddr>) {
        let mut heard = self.heard();
        if heard.holders.len() >= MOST {
            // They are looked up instead.
            heard.holders.clear();
        }
        let holder = heard.holders.entry(incarnation).or_insert(Holder { revision, address: None, late: 0, far_until: None });
        holder.revision = revision.max(holder.revision);
        holder.address = from.or(holder.address);
        holder.late = if from.is_some() { 0 } else { holder.late };
        self.acked.notify_one();
    }

    /// Whether anything was heard of a change that this node has not told that it has.
    pub(super) fn has_changes(&self) -> bool {
        let heard = self.heard();
        heard.has_unnamed || !heard.makers.is_empty()
    }

    /// Whether there may be changes that nobody named, and that were not asked about since.
    pub(super) fn take_unnamed(&self) -> bool {
        std::mem::take(&mut self.heard().has_unnamed)
    }

    /// What the changes behind `held` did, oldest first, if all of which anything was heard told it themselves. Else they have to be looked up.
    pub(super) fn take_revoked(&self, held: i64) -> Option<BTreeMap<i64, RevokedKeys>> {
        let mut heard = self.heard();
        let mut revoked = std::mem::take(&mut heard.revoked);
        if Bug::RevokedOutOfOrder.is_seeded() {
            return Some(revoked.split_off(&(held + 1))).filter(|revoked| !revoked.is_empty());
        }
        let last = heard.makers.values().map(|news| news.revision).max().filter(|_| !heard.has_unnamed)?;
        let revoked = revoked.split_off(&(held + 1));
        revoked.keys().copied().eq(held + 1..=last).then_some(revoked)
    }

    /// What is to be looked for is not named.
    pub(super) fn may_have_changed(&self) {
        self.heard().has_unnamed = true;
        self.changed.notify_one();
    }

    /// What this incarnation holds, as far as it has told.
    pub(super) fn held_by(&self, incarnation: Uuid) -> Option<i64> {
        self.heard().holders.get(&incarnation).map(|holder| holder.revision)
    }

    /// Whether the rows of the nodes should be looked at.
    pub(super) fn take_rows(&self) -> bool {
        std::mem::take(&mut self.heard().has_rows)
    }

    fn may_have_rows(&self) {
        self.heard().has_rows = true;
        self.acked.notify_one();
    }

    /// The counter stood at `revision` just now. Whoever told more was told by another database, since this one was put back; or of a change
    /// after that, and is asked again.
    pub(super) fn counter_is(&self, revision: i64) {
        let mut heard = self.heard();
        heard.holders.retain(|_, holder| holder.revision <= revision);
        heard.revoked.retain(|told, _| *told <= revision);
        heard.members.take_if(|(_, nodes)| nodes.iter().any(|(_, acked)| *acked > revision));
    }

    /// Listens for as long as anybody may be woken.
    pub(super) async fn listen(self, url: PostgresUrl) {
        loop {
            self.direct.store(Direct::open(self.messages, &url).await.map(Arc::new));
            // Whoever knows another place than this learns of it through the database.
            self.heard().holders.values_mut().for_each(|holder| holder.address = None);
            match self.listen_once(&url).await {
                Ok(()) => tracing::debug!("the connection for hints has ended"),
                Err(error) => tracing::debug!(%error, "no connection for hints"),
            }
            // Nobody hears there any more; and until it is given up, the next one cannot have the same place.
            self.direct.store(None);
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen_once(&self, url: &PostgresUrl) -> Result<(), StoreError> {
        let unavailable = |error: tokio_postgres::Error| StoreError::Unavailable(told(&error));
        let late = |_| StoreError::Unavailable("the server did not answer in time".into());
        let connecting = tokio::time::timeout(CONNECT, url.client().connect(url.tls()?)).await.map_err(late)?;
        let (client, mut connection) = connecting.map_err(unavailable)?;
        let hints = self.clone();
        let hearing = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(hint) = message {
                    hints.hear(hint.channel(), hint.payload());
                }
            }
        });
        let hearing = Ended(hearing);
        let own = channel(self.process);
        client.batch_execute(&format!("LISTEN {CHANGED}; LISTEN {ACKED}; LISTEN {own}")).await.map_err(unavailable)?;
        // Whatever came before.
        self.may_have_changed();
        self.may_have_rows();
        let messages = self.hear_directly();
        let _foretelling = messages.as_ref().and_then(|_| Foretelling::begin(self));
        hearing.wait().await;
        Ok(())
    }

    /// Hears messages, if any are to be heard, until what is returned is dropped.
    fn hear_directly(&self) -> Option<Hearing> {
        let direct = self.direct.load_full()?;
        let (hints, known) = (self.clone(), self.clone());
        let place = move |process| known.heard().places.get(&process).cloned();
        let hear = move |said, from| match said {
            Said::Changed { process, revision, revoked } => {
                let mut heard = hints.heard();
                heard.is_change(process, revision, true);
                heard.keep_revoked(revision, revoked);
                drop(heard);
                hints.changed.notify_one();
            }
            Said::Foretells { process, revision, attempt, keys } => hints.heed(Heeding { process, revision, attempt, keys }),
            Said::Holds { incarnation, revision } => hints.hold(incarnation, revision, Some(from)),
            Said::Heeds { incarnation, attempt } => hints.is_heeded(incarnation, attempt),
        };
        let hearing = direct.hear(place, hear).inspect_err(|error| {
            tracing::warn!(%error, "no thread hears messages of other nodes: they are told through the database");
            self.direct.store(None);
        });
        hearing.ok()
    }

    fn hear(&self, on: &str, said: &str) {
        let mut words = said.split(' ');
        let mut word = || words.next();
        let said = word().and_then(|who| who.parse::<Uuid>().ok()).zip(word().and_then(|revision| revision.parse::<i64>().ok()));
        match said {
            // It was woken by whoever committed that.
            Some((process, _)) if on == CHANGED && process == self.process => {}
            Some((process, revision)) if on == CHANGED => {
                let place = word().zip(word()).and_then(|(address, secret)| Place::read(address, secret));
                let mut heard = self.heard();
                if heard.places.len() >= MOST {
                    heard.places.clear();
                }
                match place {
                    Some(place) => drop(heard.places.insert(process, place)),
                    None => drop(heard.places.remove(&process)),
                }
                heard.is_change(process, revision, false);
                self.changed.notify_one();
            }
            None if on == CHANGED => self.may_have_changed(),
            Some((incarnation, revision)) => self.hold(incarnation, revision, None),
            None => self.may_have_rows(),
        }
    }
}

/// Where a process hears who has its changes.
fn channel(process: Uuid) -> String {
    format!("{ACKED}_{}", process.simple())
}

/// A task that ends with whoever waits for it.
struct Ended(tokio::task::JoinHandle<()>);

impl Ended {
    async fn wait(mut self) {
        drop((&mut self.0).await);
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
