use keybearer_core::key::RevocationReason;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use super::foretold::LOOKS;
use super::*;

fn terms() -> Terms {
    Terms::new(Duration::from_secs(2), Duration::from_millis(20))
}

async fn hints() -> Hints {
    let url = PostgresUrl::parse("postgres:///keys?host=/run/postgresql").unwrap();
    let hints = Hints::new(Messages::Auto, terms());
    hints.direct.store(Direct::open(hints.messages, &url).await.map(Arc::new));
    assert!(hints.direct.load().is_some());
    hints
}

/// A change was committed there, which waits for these nodes.
fn commits(maker: &Hints, revision: i64, nodes: Option<&WaitedFor>, by_the_database: bool) -> Told {
    maker.committed(revision, None, by_the_database);
    maker.waits_for(nodes, by_the_database)
}

/// A revocation of this key is foretold there, and its statement sent.
fn foretells(maker: &Hints, revision: i64, key: KeyId) -> Foretold {
    let (foretold, thread) = maker.foretell(revision, &[key]).unwrap();
    if let Some(thread) = thread {
        thread.unpark();
    }
    foretold
}

/// Has this process hear what was sent to it.
async fn hears(hints: &Hints) {
    let hearing = hints.hear_directly().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(hearing);
}

/// Has the database carry a statement to this process.
fn notified(hints: &Hints, statement: &str) {
    let (channel, payload) = statement.strip_prefix("NOTIFY ").and_then(|rest| rest.split_once(", ")).unwrap();
    hints.hear(channel, payload.trim_matches('\''));
}

#[tokio::test]
async fn nodes_speak_directly_once_both_are_heard_and_through_the_database_while_one_is_not() {
    let (maker, peer) = (hints().await, hints().await);
    let (own, other) = (Uuid::new_v4(), Uuid::new_v4());
    let nodes = vec![(own, 0), (other, 0)];
    assert_eq!(maker.tell(own, 0), None);

    // Nobody is known yet.
    let telling = maker.telling_all(1).unwrap();
    assert_eq!(commits(&maker, 1, Some(&nodes), true), Told::Everybody);
    assert_eq!(maker.tell(own, 1), None, "a process need not be told of itself");
    notified(&peer, &telling);
    let answer = peer.tell(other, 1).unwrap();
    hears(&maker).await;
    assert_eq!(maker.held_by(other), Some(1));

    // Both ways are open.
    assert_eq!(maker.telling_all(2), None);
    assert_eq!(commits(&maker, 2, Some(&nodes), false), Told::Each);
    assert!(!peer.has_changes());
    hears(&peer).await;
    assert!(peer.has_changes());
    assert_eq!(peer.tell(other, 1), None, "it does not hold the change yet");
    assert_eq!(peer.tell(other, 2), None, "it answers directly, and not through the database");
    hears(&maker).await;
    assert_eq!(maker.held_by(other), Some(2));
    // What comes late takes nothing back.
    notified(&maker, &answer);
    assert_eq!(maker.held_by(other), Some(2));

    // The peer does not answer any more.
    assert_eq!(commits(&maker, 3, Some(&nodes), false), Told::Each);
    for late in 1..=LATE {
        assert_eq!(maker.telling_all(4), None, "it may be late {late} times");
        maker.are_late(&nodes, 3);
    }
    assert!(maker.telling_all(4).is_some());
    assert_eq!(commits(&maker, 4, Some(&nodes), false), Told::Nobody);

    // One that joins meanwhile has to be told as well.
    let third = vec![(own, 0), (Uuid::new_v4(), 0)];
    assert_eq!(commits(&maker, 5, Some(&third), false), Told::Nobody);
    assert_eq!(commits(&maker, 6, None, false), Told::Nobody, "nobody knows who waits");
    // Whoever is alone tells nobody.
    assert_eq!(commits(&maker, 7, Some(&nodes[..1].to_vec()), false), Told::Each);
    assert_eq!(maker.telling_all(8), None);
}

#[tokio::test]
async fn what_was_revoked_is_taken_over_if_nothing_else_is_lacked() {
    let (maker, peer) = (hints().await, hints().await);
    let (own, other) = (Uuid::new_v4(), Uuid::new_v4());
    let nodes = vec![(own, 0), (other, 0)];
    maker.tell(own, 0);
    notified(&peer, &maker.telling_all(1).unwrap());
    peer.tell(other, 1);
    hears(&maker).await;
    maker.waits_for(Some(&nodes), true);
    let revoked = |number: u8, keys: usize| {
        let keys = vec![KeyId::from_bytes([number; 16]); keys];
        RevokedKeys { keys, at: UnixMillis(number.into()), reason: RevocationReason::Deleted }
    };
    let commits = |revision: u8, keys| maker.committed(revision.into(), Some(revoked(revision, keys)), false);
    let whole = |told: &[u8]| Some(told.iter().map(|number| (i64::from(*number), revoked(*number, 1))).collect());

    // All that it lacks, in whichever order it came.
    commits(2, 1);
    commits(3, 1);
    hears(&peer).await;
    assert_eq!(peer.take_revoked(1), whole(&[2, 3]));
    assert_eq!(peer.take_revoked(1), None, "it was taken");
    assert_eq!(maker.take_revoked(1), whole(&[2, 3]), "its maker takes it over as well");
    commits(3, 1);
    hears(&peer).await;
    assert_eq!(peer.take_revoked(2), whole(&[3]), "what is held already comes again");
    commits(3, 1);
    hears(&peer).await;
    assert_eq!(peer.take_revoked(3), whole(&[]), "it lacks nothing, and may say so");

    // One before it is lacking, one behind it, or one is not named.
    commits(5, 1);
    hears(&peer).await;
    assert_eq!(peer.take_revoked(3), None);
    commits(4, 1);
    maker.committed(5, None, false);
    hears(&peer).await;
    assert_eq!(peer.take_revoked(3), None);
    commits(4, 1);
    commits(5, 1);
    hears(&peer).await;
    peer.may_have_changed();
    assert_eq!(peer.take_revoked(3), None);
    peer.take_unnamed();

    // There are too many keys for a message; the change is told all the same.
    peer.tell(other, 5);
    commits(6, 1_000);
    hears(&peer).await;
    assert!(peer.has_changes());
    assert_eq!(peer.take_revoked(5), None);
    assert_eq!(maker.take_revoked(5).map(|told| told[&6].keys.len()), Some(1_000));

    // The database was put back.
    commits(7, 1);
    hears(&peer).await;
    peer.counter_is(6);
    assert_eq!(peer.take_revoked(6), None);
}

#[tokio::test]
async fn what_is_foretold_is_heeded_by_whoever_holds_what_is_before_it() {
    let (maker, peer) = (hints().await, hints().await);
    let (own, other) = (Uuid::new_v4(), Uuid::new_v4());
    let nodes = vec![(own, 0), (other, 0)];
    let holds = |revision| {
        peer.doubts.holds(revision);
        peer.tell(other, revision)
    };
    let has_put_off = || !maker.heard().put_off.others.is_empty();
    let [first, second] = [1, 2].map(|number| KeyId::from_bytes([number; 16]));
    let revoked = |id| RevokedKeys { keys: vec![id], at: UnixMillis(1), reason: RevocationReason::Deleted };
    maker.tell(own, 0);
    let alone = foretells(&maker, 1, first);
    assert_eq!(maker.heeding(alone), [own], "nobody else is known");
    maker.doubts.holds(1);
    notified(&peer, &maker.telling_all(1).unwrap());
    holds(1);
    hears(&maker).await;
    maker.waits_for(Some(&nodes), true);
    assert!(maker.foretell(2, &[first; 49]).is_none(), "no message tells of so many");

    let foretelling = Foretelling::begin(&maker).unwrap();
    let foretold = foretells(&maker, 2, first);
    hears(&peer).await;
    assert!(peer.doubts.has(&[first]) && !peer.doubts.has(&[second]));
    assert_eq!(maker.heeding(foretold), [own], "it heeds it itself");
    assert!(maker.doubts.has(&[first]));
    hears(&maker).await;
    assert_eq!(maker.heeding(foretold), [own, other]);
    // It was done, which has time. The next one is foretold: the peer takes over the first, and then heeds that.
    maker.committed_as_foretold(2, revoked(first), Some(foretold));
    assert_eq!(maker.waits_for(Some(&nodes), false), Told::Each);
    hears(&peer).await;
    assert!(!peer.has_changes() && has_put_off());
    let next = foretells(&maker, 3, second);
    hears(&peer).await;
    assert!(!has_put_off());
    assert!(!peer.doubts.has(&[second]));
    assert_eq!(peer.take_revoked(1).map(|told| told[&2].keys.clone()), Some(vec![first]));
    assert_eq!(holds(2), None);
    assert!(!peer.doubts.has(&[first]) && peer.doubts.has(&[second]));
    hears(&maker).await;
    assert_eq!(maker.heeding(foretold), [own, other]);
    assert_eq!(maker.heeding(next), [other], "the maker itself has not taken over the first");
    assert_eq!(maker.held_by(other), Some(2));

    // What nobody heeded is told at once.
    maker.committed_as_foretold(3, revoked(second), None);
    assert!(!has_put_off());
    hears(&peer).await;
    assert!(peer.has_changes());

    // Without the thread nobody is told before, and none of it waits for the next one.
    assert_eq!(holds(3), None);
    drop(foretelling);
    foretells(&maker, 4, first);
    let _foretelling = Foretelling::begin(&maker).unwrap();
    hears(&peer).await;
    assert!(!peer.doubts.has(&[first]));
}

#[tokio::test]
async fn a_node_without_messages_says_everything_through_the_database() {
    let (silent, other) = (Hints::new(Messages::Off, terms()), hints().await);
    let (own, incarnation) = (Uuid::new_v4(), Uuid::new_v4());
    let telling = silent.telling_all(1).unwrap();
    assert_eq!(telling.split(' ').count(), 4, "it says where nobody hears: {telling}");
    notified(&other, &telling);
    notified(&silent, &other.tell(incarnation, 1).unwrap());
    assert_eq!(silent.held_by(incarnation), Some(1));
    assert_eq!(commits(&silent, 1, Some(&vec![(own, 0), (incarnation, 0)]), true), Told::Everybody);
    assert!(silent.telling_all(2).is_some());
    // Nor is it told anything directly.
    notified(&silent, &other.telling(1));
    assert!(silent.tell(own, 1).is_some());
}

#[tokio::test]
async fn whoever_foretold_a_change_tells_of_it_when_it_is_done() {
    let (maker, peer) = (hints().await, hints().await);
    let (own, other) = (Uuid::new_v4(), Uuid::new_v4());
    let nodes = vec![(own, 0), (other, 0)];
    let revoked = |id| RevokedKeys { keys: vec![id], at: UnixMillis(1), reason: RevocationReason::Deleted };
    maker.tell(own, 0);
    notified(&peer, &maker.telling_all(0).unwrap());
    peer.tell(other, 0);
    hears(&maker).await;
    maker.waits_for(Some(&nodes), true);
    let foretelling = Foretelling::begin(&maker).unwrap();
    // Two revocations, the second of which nobody looks for long enough.
    for (revision, took, is_told) in [(1, Duration::from_secs(1), true), (2, Duration::ZERO, false)] {
        let key = KeyId::from_bytes([u8::try_from(revision).unwrap(); 16]);
        maker.heard().teller.took = took;
        let foretold = foretells(&maker, revision, key);
        hears(&peer).await;
        hears(&maker).await;
        assert_eq!(maker.heeding(foretold), [own, other]);
        maker.committed_as_foretold(revision, revoked(key), Some(foretold));
        assert_eq!(maker.has_put_off(), !is_told, "by somebody else");
        let woken = tokio::time::timeout(took * 2, maker.changed.notified()).await;
        assert_eq!(woken.is_ok(), is_told);
        hears(&peer).await;
        assert_eq!(peer.has_changes(), is_told);
        for (hints, incarnation) in [(&maker, own), (&peer, other)] {
            hints.doubts.holds(revision);
            hints.tell(incarnation, revision);
        }
        hears(&maker).await;
    }
    // Where the thread ends, nobody looks.
    maker.heard().teller.looks = LOOKS;
    assert!(!maker.has_put_off());
    drop(foretelling);
    assert!(tokio::time::timeout(Duration::ZERO, maker.changed.notified()).await.is_ok());
}
