//! The protocol by which every change is in force on every node when its call returns (DESIGN §5), explored in every order of events.
//!
//! The lease itself is not modelled: its arithmetic is `keybearer_core::lease`, the very lines that the server runs. Around it:
//!
//! - **PostgreSQL**: a counter, the state of one key at each revision, and a row for each incarnation of a node, with what it has told (`acked`)
//!   and whether it is fenced. A statement happens at once, some time after it was sent; its reply arrives some time later, or never. One that
//!   is given up may run yet.
//! - **A change**, by any process: it commits, notes an instant, and waits until no unfenced row has `acked` below its revision. When it has
//!   waited long enough it fences those in one statement. Then it returns. That the commit and its noting are one step, and so are the fencing
//!   and the return, takes nothing away: if there is time between them, the change only returns later.
//! - **A node** loads its image (a fetch) without a lease, and registers: a row for a fresh incarnation, whose `acked` is the counter as that
//!   statement read it. It may fetch at any time, one fetch at a time: an instant is noted, one snapshot brings the counter and the rows. It may
//!   beat at any time, one beat at a time; where a beat finds the counter above the image, the node takes its reply only after a fetch. It may
//!   send its revision in a statement of its own that grants nothing. It may also tell by a message, which is
//!   heard or lost: a change that has heard so much of an incarnation does not wait for it, whatever its row says; but who is fenced goes by
//!   rows. What a change did may come by a message too, once it is committed, at any time or never: the node takes that over if it holds the
//!   revision before, without noting any instant, and not while a fetch is under way. If it is fenced it registers anew, and keeps its image, and what is left of
//!   its lease. A first fetch after the registration is not asked for: nothing depends on it.
//! - **A verification**, on any node, is invoked; later it is found that there is a lease, or a fetch arrives that was sent after it was invoked;
//!   later it is answered by the image as it is then.
//! - **What is foretold**: before a change commits, its maker may tell all nodes of it, once or several times, each time of another change. A node
//!   that holds what is before it may heed that: from then on it takes no lease for good enough, until it holds that revision or its time is over.
//!   It tells so by a message. If the change commits in time, whoever has heeded it is not waited for.
//! - Nobody ever has to do anything: so everybody may pause anywhere, while time goes on. A node may be killed or shut down and start again.
//!
//! What is not modelled: a database that goes back in time, clocks that run apart (see `clock`), several keys, several verifications at once
//! (they do not act on each other, and any one of them may be the one that is looked at).
//!
//! Whether one node answers wrongly depends on other nodes only as far as changes wait for them: without them, changes return earlier. So one
//! node shows whatever may go wrong on any; two are explored to see that it is so.

#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

mod clock;
mod effects;
mod outcome;
mod promises;
mod setup;
mod state;
mod steps;
mod wrong;

use outcome::{breaks, keeps};
use setup::{Mode, Setup};
use wrong::Wrong;

#[test]
fn one_node_keeps_the_promises_through_three_changes() {
    keeps("one node, three changes", Setup { changes: 3, ..Setup::SMALL }, None);
}

#[test]
fn a_node_keeps_them_whatever_ends_comes_late_or_registers_anew() {
    let setup = Setup { ends: 1, strays: true, restless: true, ..Setup::SMALL };
    keeps("one node that ends, registers anew at will and has late statements, two changes", setup, None);
}

#[test]
fn a_node_keeps_them_whatever_becomes_of_its_messages() {
    let setup = Setup { messages: true, ends: 1, restless: true, ..Setup::SMALL };
    keeps("one node that ends, registers anew at will and tells by messages, two changes", setup, None);
}

#[test]
fn two_nodes_that_tell_by_messages_keep_them() {
    let setup = Setup { messages: true, nodes: 2, changes: 1, running: true, ..Setup::SMALL };
    keeps("two nodes that run and tell by messages, one of them asked, one change", setup, None);
}

#[test]
fn a_node_keeps_them_whenever_it_hears_what_changes_did() {
    let setup = Setup { news: true, messages: true, ends: 1, restless: true, ..Setup::SMALL };
    keeps("one node that ends, registers anew at will, hears what changes did and tells by messages, two changes", setup, None);
}

#[test]
fn a_node_keeps_them_through_three_changes_of_which_it_hears_what_they_did() {
    keeps("one node that hears what changes did, three changes", Setup { news: true, changes: 3, ..Setup::SMALL }, None);
}

#[test]
fn a_node_keeps_them_whatever_is_foretold() {
    let setup = Setup { foretold: true, running: true, ..Setup::SMALL };
    keeps("one node that runs and heeds what is foretold, two changes", setup, None);
}

#[test]
fn a_node_keeps_them_whatever_it_heeds_comes_late_or_ends() {
    let setup = Setup { foretold: true, news: true, messages: true, ends: 1, restless: true, running: true, changes: 1, ..Setup::SMALL };
    keeps("one node that runs, ends, registers anew at will, hears what changes did and heeds what is foretold, one change", setup, None);
}

#[test]
fn two_nodes_that_heed_what_is_foretold_keep_them_as_far_as_they_were_followed() {
    let setup = Setup { foretold: true, nodes: 2, changes: 1, running: true, ..Setup::SMALL };
    keeps("two nodes that run and heed what is foretold, one of them asked, one change", setup, Some(14));
}

#[test]
fn a_node_keeps_them_with_a_longer_lease() {
    keeps("one node with a lease of three ticks, two changes", Setup { lasts: 3, ..Setup::SMALL }, None);
}

#[test]
fn two_nodes_keep_them_through_a_change() {
    keeps("two nodes that run, one of them asked, one change", Setup { nodes: 2, changes: 1, running: true, ..Setup::SMALL }, None);
}

#[test]
fn two_nodes_keep_them_through_two_changes_as_far_as_they_were_followed() {
    keeps("two nodes that run, one of them asked, two changes", Setup { nodes: 2, running: true, ..Setup::SMALL }, Some(15));
}

#[test]
fn strict_nodes_never_go_back() {
    let setup = Setup { mode: Mode::Strict, nodes: 2, asked: 2, changes: 3, ends: 2, ..Setup::SMALL };
    keeps("strict: two nodes, both asked, two ends, three changes", setup, None);
}

#[test]
fn strict_nodes_never_go_back_whatever_they_hear() {
    let setup = Setup { mode: Mode::Strict, news: true, nodes: 2, asked: 2, changes: 3, ends: 2, ..Setup::SMALL };
    keeps("strict: two nodes that hear what changes did, both asked, two ends, three changes", setup, None);
}

#[test]
fn a_lease_that_counts_from_the_beat_in_spite_of_what_it_found_is_too_long() {
    breaks(Wrong::GrantsFromTheBeat, Setup::SMALL, &["I1"]);
}

#[test]
fn a_lease_that_counts_from_a_beat_without_a_reply_is_too_long() {
    breaks(Wrong::CountsLostBeats, Setup::SMALL, &["I1"]);
}

#[test]
fn a_late_statement_must_not_lower_what_a_node_has_told() {
    breaks(Wrong::AssignsAcked, Setup { running: true, strays: true, ..Setup::SMALL }, &["I1"]);
}

#[test]
fn who_is_fenced_must_lag_at_that_moment() {
    breaks(Wrong::FencesByList, Setup::SMALL, &["I1"]);
}

#[test]
fn a_registration_must_not_speak_for_another_incarnation() {
    breaks(Wrong::UpsertsByName, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn a_snapshot_must_be_as_new_as_it_is_labelled() {
    breaks(Wrong::LabelsTooNew, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn the_first_instant_is_noted_before_the_load_is_sent() {
    breaks(Wrong::NotesAfterTheLoad, Setup::SMALL, &["I1"]);
}

#[test]
fn an_instant_is_noted_before_its_fetch_is_sent() {
    breaks(Wrong::NotesAfterAFetch, Setup::SMALL, &["I1"]);
}

/// The one wrong variant that is right, where a node loads before it registers: whatever was committed between the load and its arrival was
/// there when the node registered. So the first beat finds it, and its reply is taken only once that is applied.
#[test]
fn the_first_instant_may_be_late_if_the_registration_is_later() {
    let wrong = Some(Wrong::NotesAfterTheLoadAndRegistersThen);
    keeps("the first instant is noted after the load, and the node registers then, two changes", Setup { wrong, ..Setup::SMALL }, None);
}

#[test]
fn a_fenced_node_must_not_empty_what_a_verification_looks_at() {
    breaks(Wrong::EmptiesWhenFenced, Setup::SMALL, &["I3", "I4"]);
}

#[test]
fn a_change_must_wait() {
    breaks(Wrong::NoBarrier, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn a_change_must_wait_for_as_long_as_a_lease_lasts() {
    breaks(Wrong::WaitsTooShort, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn an_image_without_a_lease_must_not_be_answered_from() {
    breaks(Wrong::NoLeaseCheck, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn a_change_is_acknowledged_only_once_it_is_applied() {
    breaks(Wrong::AcksBeforeApplying, Setup { strays: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn a_message_says_what_is_applied_and_not_what_was_heard_of() {
    breaks(Wrong::SaysWhatItHeard, Setup { messages: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn what_a_change_did_is_taken_over_behind_what_it_follows_on() {
    breaks(Wrong::TakesNewsOutOfOrder, Setup { news: true, ..Setup::SMALL }, &["I1", "I3"]);
}

#[test]
fn what_a_change_did_says_nothing_of_the_next_one() {
    breaks(Wrong::NotesWhenNewsArrive, Setup { news: true, changes: 3, running: true, ..Setup::SMALL }, &["I1", "I4"]);
}

#[test]
fn what_is_heeded_is_not_answered_under_the_lease() {
    breaks(Wrong::HeedsWithoutDoubt, Setup { foretold: true, running: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn a_read_ends_no_doubt() {
    breaks(Wrong::LiftsDoubtByARead, Setup { foretold: true, running: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn a_doubt_lasts_for_as_long_as_a_lease_that_may_lack_the_change() {
    breaks(Wrong::DoubtsTooShort, Setup { foretold: true, running: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn what_was_heeded_long_ago_counts_for_nothing() {
    breaks(Wrong::CountsHeedingForEver, Setup { foretold: true, running: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn what_was_heeded_of_another_attempt_counts_for_nothing() {
    breaks(Wrong::CountsEarlierHeeding, Setup { foretold: true, running: true, ..Setup::SMALL }, &["I1", "I3", "I4"]);
}

#[test]
fn a_beat_is_taken_only_once_what_it_found_is_applied() {
    breaks(Wrong::ConfirmsBeforeApplying, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn a_read_from_before_a_verification_is_too_old_for_it() {
    breaks(Wrong::SharesAnEarlierRead, Setup::SMALL, &["I1", "I3", "I4"]);
}

#[test]
fn a_fenced_node_is_granted_nothing() {
    breaks(Wrong::BeatsThoughFenced, Setup::SMALL, &["I1"]);
}

#[test]
fn with_leases_nodes_may_differ_while_a_change_is_on_its_way() {
    let setup = Setup { mode: Mode::Strict, nodes: 2, asked: 2, changes: 1, running: true, ..Setup::SMALL };
    breaks(Wrong::LeasesInStrictMode, setup, &["I2"]);
}
