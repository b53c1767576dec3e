//! What the hints said so far.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::thread::Thread;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::super::nodes::WaitedFor;
use super::MOST;
use super::direct::{Place, Said};
use super::foretold::{Attempts, Heeding};
use crate::RevokedKeys;

#[derive(Default)]
pub(super) struct Heard {
    /// The newest change of each process that waits to hear who has it.
    pub(super) makers: HashMap<Uuid, News>,
    /// What changes did that told it themselves, by their revisions.
    pub(super) revoked: BTreeMap<i64, RevokedKeys>,
    /// Whether there may be a change that nobody named.
    pub(super) has_unnamed: bool,
    /// Where other processes hear messages.
    pub(super) places: HashMap<Uuid, Place>,
    /// What is known of each incarnation, by its own word.
    pub(super) holders: HashMap<Uuid, Holder>,
    /// The incarnation of this process, since it told of a revision.
    pub(super) own: Option<Uuid>,
    /// The others that the last change here had to wait for.
    pub(super) others: Option<Vec<Uuid>>,
    /// Those that changes wait for, when so many nodes had joined.
    pub(super) members: Option<(i64, WaitedFor)>,
    /// Those that were told directly of the change that is being committed here, or that heeded it.
    pub(super) told: Vec<Uuid>,
    /// Who heeded it, and is still to be told that it was done.
    pub(super) put_off: PutOff,
    /// What was foretold here.
    pub(super) attempts: Attempts,
    /// What is asked of the thread that tells others of it.
    pub(super) teller: Teller,
    /// What was foretold elsewhere, and may be heeded once what came before it is held.
    pub(super) foretold: Option<Heeding>,
    /// Whether a row of a node may say more than its node did.
    pub(super) has_rows: bool,
}

/// What the thread shares that foretells, and looks later whether what it foretold was done.
#[derive(Default)]
pub(super) struct Teller {
    /// It, while there is one.
    pub(super) thread: Option<Thread>,
    /// What is to be foretold, and to whom.
    pub(super) foretells: Option<(Said, Vec<SocketAddr>)>,
    /// How often it still looks for what was put off. While it does, nobody has to wake anybody for that.
    pub(super) looks: u8,
    /// How long it took from foretelling to the end of the commit, the last time.
    pub(super) took: Duration,
}

/// News that wait until those who asked for the change were answered, or about to be.
#[derive(Default)]
pub(super) struct PutOff {
    /// Whether the follower here is to be told.
    pub(super) is_own: bool,
    /// What the others are to be told, and where they hear it.
    pub(super) others: Vec<(Said, SocketAddr)>,
}

/// A change that somebody named.
pub(super) struct News {
    pub(super) revision: i64,
    /// Whether it was told directly, and not through the database.
    pub(super) is_direct: bool,
}

/// What an incarnation told.
pub(super) struct Holder {
    pub(super) revision: i64,
    /// From where it told that directly, if it ever did.
    pub(super) address: Option<SocketAddr>,
    /// How often it has not answered in time since it last told anything directly.
    pub(super) late: u8,
    /// Until when it is told through the database, since it did not answer.
    pub(super) far_until: Option<Instant>,
}

impl Heard {
    /// Where this incarnation hears messages, as far as anybody knows.
    pub(super) fn near(&self, incarnation: Uuid) -> Option<SocketAddr> {
        let holder = self.holders.get(&incarnation)?;
        holder.address.filter(|_| holder.far_until.is_none_or(|until| until <= Instant::now()))
    }

    /// Whether all the others that the last change here had to wait for hear messages.
    pub(super) fn are_all_near(&self) -> bool {
        self.others.as_ref().is_some_and(|others| others.iter().all(|other| self.near(*other).is_some()))
    }

    /// A change was committed by this process, which did no more than revoke these keys if any are given.
    pub(super) fn keep_committed(&mut self, process: Uuid, revision: i64, revoked: Option<RevokedKeys>) {
        self.is_change(process, revision, true);
        self.keep_revoked(revision, revoked);
    }

    pub(super) fn keep_revoked(&mut self, revision: i64, revoked: Option<RevokedKeys>) {
        if self.revoked.len() >= MOST {
            // They are looked up instead.
            self.revoked.clear();
        }
        self.revoked.extend(revoked.map(|revoked| (revision, revoked)));
    }

    pub(super) fn is_change(&mut self, process: Uuid, revision: i64, is_direct: bool) {
        let news = self.makers.entry(process).or_insert(News { revision, is_direct });
        news.revision = revision.max(news.revision);
        // Who said it through the database at any time may not hear what is said directly.
        news.is_direct &= is_direct;
    }
}
