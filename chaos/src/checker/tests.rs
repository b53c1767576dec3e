//! Histories made by hand: those that keep the promises, and for each promise those that break it.

use super::{Mode, Promise, check};
use crate::history::{Change, History, Moment, Read, Seen, Value};

const A: Value = Value::ALIVE;

fn b() -> Value {
    Value::variant(0)
}

/// A history of a thing that was made from 10 to 20.
struct Made(History);

fn made() -> Made {
    Made(History::of("a key".into(), change(10, Some(20), A)))
}

fn change(invoked: Moment, returned: Option<Moment>, value: Value) -> Change {
    Change { what: "a change", node: 0, invoked, returned, value }
}

impl Made {
    fn changed(mut self, invoked: Moment, returned: Moment, value: Value) -> Self {
        self.0.changes.push(change(invoked, Some(returned), value));
        self
    }

    /// A change of which nobody knows what became.
    fn unknown(mut self, invoked: Moment, value: Value) -> Self {
        self.0.changes.push(change(invoked, None, value));
        self
    }

    fn told(self, node: usize, invoked: Moment, returned: Moment, value: Value) -> Self {
        self.seen(node, invoked, returned, Seen::only(value))
    }

    fn seen(mut self, node: usize, invoked: Moment, returned: Moment, seen: Seen) -> Self {
        self.0.reads.push(Read { what: "an answer", node, invoked, returned, seen });
        self
    }

    fn broken(&self, mode: Mode) -> Vec<Promise> {
        check(&self.0, mode).iter().map(|violation| violation.promise).collect()
    }

    #[track_caller]
    fn is_good(&self) {
        assert_eq!(self.broken(Mode::Strict), []);
        assert_eq!(self.broken(Mode::Lease), []);
    }

    /// Broken in both modes, by one answer.
    #[track_caller]
    fn breaks(&self, promise: Promise) {
        assert_eq!(self.broken(Mode::Lease), [promise]);
        assert_eq!(self.broken(Mode::Strict), [promise]);
    }

    /// Broken in strict mode only, by one answer.
    #[track_caller]
    fn breaks_i2(&self) {
        assert_eq!(self.broken(Mode::Lease), []);
        assert_eq!(self.broken(Mode::Strict), [Promise::I2]);
    }
}

#[test]
fn a_life_in_which_every_answer_is_right_is_good() {
    made()
        .told(0, 21, 22, A)
        .told(1, 21, 25, A)
        .changed(30, 40, Value::DEAD)
        .told(0, 41, 42, Value::DEAD)
        .told(1, 50, 90, Value::DEAD)
        .is_good();
}

#[test]
fn nothing_asked_is_good() {
    made().is_good();
}

#[test]
fn during_a_change_either_answer_is_good() {
    made().changed(30, 40, Value::DEAD).told(0, 31, 32, A).told(1, 33, 34, A).is_good();
    made().changed(30, 40, Value::DEAD).told(0, 31, 32, Value::DEAD).told(1, 33, 34, Value::DEAD).is_good();
}

#[test]
fn a_question_asked_before_the_return_may_be_answered_by_the_old_state_long_after() {
    made().changed(30, 40, Value::DEAD).told(0, 39, 900, A).is_good();
    made().changed(30, 40, Value::DEAD).told(0, 40, 900, A).is_good();
}

#[test]
fn a_question_asked_before_the_change_may_be_answered_by_the_new_state() {
    made().changed(30, 40, Value::DEAD).told(0, 25, 31, Value::DEAD).is_good();
}

#[test]
fn i1_is_broken_by_the_old_state_after_the_return_on_any_node() {
    for node in 0..3 {
        made().changed(30, 40, Value::DEAD).told(node, 41, 42, A).breaks(Promise::I1);
    }
}

#[test]
fn i1_is_broken_by_one_answer_among_many_good_ones() {
    let mut history = made().changed(1_000, 1_010, Value::DEAD);
    for at in 0..400 {
        history = history.told(0, 21 + at, 22 + at, A).told(1, 1_011 + at, 1_012 + at, Value::DEAD);
    }
    history.is_good();
    history.told(2, 1_200, 1_201, A).breaks(Promise::I1);
}

#[test]
fn i1_is_broken_by_a_state_two_changes_old() {
    made().changed(30, 40, b()).changed(50, 60, Value::DEAD).told(0, 61, 62, A).breaks(Promise::I1);
    // Also while the second change is on its way: the first has returned.
    made().changed(30, 40, b()).changed(50, 60, Value::DEAD).told(0, 51, 52, A).breaks(Promise::I1);
}

#[test]
fn i3_is_broken_by_a_key_that_is_not_good_after_its_creation() {
    made().told(0, 21, 22, Value::DEAD).breaks(Promise::I3);
    made().told(0, 21, 22, A).told(1, 23, 24, Value::DEAD).breaks(Promise::I3);
    made().told(1, 23, 29, Value::DEAD).changed(30, 40, Value::DEAD).breaks(Promise::I3);
}

#[test]
fn i4_is_broken_by_a_rejection_before_the_change_was_invoked() {
    made().told(0, 21, 22, A).told(0, 23, 24, Value::DEAD).changed(30, 40, Value::DEAD).breaks(Promise::I4);
}

#[test]
fn i4_is_broken_by_a_permission_before_it_was_given() {
    made().told(0, 21, 22, b()).changed(30, 40, b()).breaks(Promise::I4);
    made().changed(30, 40, b()).told(0, 41, 42, Value::variant(7)).breaks(Promise::I4);
}

#[test]
fn i2_is_broken_by_the_old_state_after_an_answer_by_the_new_one() {
    made().changed(30, 90, Value::DEAD).told(0, 31, 40, Value::DEAD).told(1, 41, 50, A).breaks_i2();
    // On one node as well.
    made().changed(30, 90, Value::DEAD).told(1, 31, 40, Value::DEAD).told(1, 41, 50, A).breaks_i2();
}

#[test]
fn i2_is_kept_where_the_two_questions_overlap() {
    made().changed(30, 90, Value::DEAD).told(0, 31, 40, Value::DEAD).told(1, 39, 50, A).is_good();
    made().changed(30, 90, Value::DEAD).told(0, 31, 40, Value::DEAD).told(1, 40, 50, A).is_good();
}

#[test]
fn i2_names_the_answer_that_came_before() {
    let history = made().changed(30, 90, Value::DEAD).told(0, 31, 40, Value::DEAD).told(1, 41, 50, A);
    let violations = check(&history.0, Mode::Strict);
    assert_eq!((violations[0].read, violations[0].against), (1, Some(0)));
}

#[test]
fn a_toggle_may_return_to_a_value_that_it_had() {
    let toggled = made().changed(30, 40, b()).changed(50, 60, A).changed(70, 80, b());
    toggled
        .told(0, 31, 35, A)
        .told(1, 41, 42, b())
        .told(0, 51, 52, b())
        .told(1, 53, 54, A)
        .told(0, 71, 72, A)
        .told(0, 81, 82, b())
        .is_good();
}

#[test]
fn the_value_of_a_later_change_does_not_excuse_an_old_answer() {
    // A, then B, then A again: the answer A fits only before 40 or from 50 on.
    made().changed(30, 40, b()).changed(50, 60, A).told(0, 41, 49, A).breaks(Promise::I1);
    made().changed(30, 40, b()).changed(50, 60, A).told(0, 41, 51, A).is_good();
}

#[test]
fn i2_of_a_toggle_takes_the_mildest_order_of_the_answers() {
    // The first A may be the old one, so B may follow, and then the new A.
    made().changed(30, 90, b()).unknown(91, A).told(0, 31, 95, A).told(0, 96, 97, b()).told(0, 98, 99, A).is_good();
    // After the new A, no B.
    made().changed(30, 90, b()).unknown(91, A).told(0, 92, 93, A).told(0, 96, 97, b()).breaks_i2();
}

#[test]
fn an_unknown_change_may_take_effect_at_any_time_or_never() {
    let history = || made().unknown(30, Value::DEAD);
    history().told(0, 31, 32, A).told(1, 9_000, 9_001, A).is_good();
    history().told(0, 31, 32, Value::DEAD).is_good();
    history().told(0, 31, 32, A).told(0, 9_000, 9_001, Value::DEAD).told(0, 9_002, 9_003, Value::DEAD).is_good();
    // In lease mode nodes may differ for ever: its barrier was never heard of. Strict mode allows one turn.
    history().told(0, 31, 32, Value::DEAD).told(1, 9_000, 9_001, A).breaks_i2();
    history().told(0, 28, 29, Value::DEAD).broken(Mode::Lease).iter().for_each(|promise| assert_eq!(*promise, Promise::I3));
    assert_eq!(history().told(0, 28, 29, Value::DEAD).broken(Mode::Lease).len(), 1);
}

#[test]
fn an_unknown_change_is_superseded_by_the_return_of_a_later_one() {
    let history = || made().unknown(30, b()).changed(50, 60, Value::DEAD);
    history().told(0, 51, 52, b()).is_good();
    history().told(0, 51, 52, A).is_good();
    history().told(0, 61, 62, b()).breaks(Promise::I1);
    history().told(0, 61, 62, A).breaks(Promise::I1);
}

#[test]
fn several_unknown_changes_in_a_row_are_all_possible() {
    let history = || made().unknown(30, b()).unknown(40, Value::variant(1)).unknown(50, Value::variant(2));
    for value in [A, b(), Value::variant(1), Value::variant(2)] {
        history().told(0, 60, 61, value).is_good();
    }
    history().told(0, 60, 61, Value::variant(3)).breaks(Promise::I4);
    history().told(0, 41, 45, Value::variant(2)).breaks(Promise::I4);
    history().told(0, 60, 61, Value::variant(1)).told(0, 62, 63, b()).breaks_i2();
}

#[test]
fn a_key_made_while_its_owner_is_downgraded_is_dead_once_both_returned() {
    // The creation returned last, but it came first, or it would have been refused.
    let race = || {
        let mut history = History::of("a key".into(), change(10, Some(50), A));
        history.changes.push(change(12, Some(40), Value::DEAD));
        Made(history)
    };
    race().told(0, 51, 52, Value::DEAD).is_good();
    race().told(0, 51, 52, A).breaks(Promise::I1);
}

#[test]
fn an_answer_may_leave_open_which_value_it_saw() {
    let toggled = || made().changed(30, 40, b());
    toggled().seen(0, 41, 42, Seen::all_but(A)).is_good();
    toggled().seen(0, 41, 42, Seen::all_but(b())).breaks(Promise::I1);
    toggled().seen(0, 41, 42, Seen::all_but(A).and(Seen::all_but(b()))).breaks(Promise::I4);
}

#[test]
fn a_forged_answer_is_found() {
    let mut history = made().told(0, 21, 22, A).changed(30, 40, Value::DEAD).told(2, 41, 42, Value::DEAD);
    history.is_good();
    assert!(history.0.forge());
    history.breaks(Promise::I1);
}

#[test]
fn nothing_is_forged_where_nothing_would_be_broken() {
    assert!(!made().told(0, 21, 22, A).changed(30, 40, Value::DEAD).told(0, 39, 50, A).0.forge());
    assert!(!made().unknown(30, Value::DEAD).told(0, 39, 50, A).0.forge());
}

/// The definition, tried out: every way to say by which change each answer was made.
fn by_definition(history: &History) -> bool {
    let (count, reads) = (history.changes.len(), history.reads.len());
    let mut ways = vec![0; reads];
    loop {
        let fits = |place: usize| {
            let (read, change) = (&history.reads[place], &history.changes[ways[place]]);
            read.seen.agrees(change.value)
                && change.invoked < read.returned
                && history.changes[ways[place] + 1..].iter().all(|later| later.returned.is_none_or(|returned| returned >= read.invoked))
        };
        let ordered = |one: usize, other: usize| history.reads[one].returned >= history.reads[other].invoked || ways[one] <= ways[other];
        if (0..reads).all(|one| fits(one) && (0..reads).all(|other| ordered(one, other))) {
            return true;
        }
        let Some(next) = (0..reads).find(|place| ways[*place] + 1 < count) else { return false };
        ways[..next].fill(0);
        ways[next] += 1;
    }
}

#[test]
fn small_histories_are_judged_as_by_trying_out_every_order() {
    let mut random = fastrand::Rng::with_seed(6);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..20_000 {
        let mut history = made();
        let mut at = 20;
        for _ in 0..random.usize(1..4) {
            let invoked = at + random.u64(1..8);
            let value = if random.bool() { A } else { b() };
            at = invoked + random.u64(1..8);
            history = if random.u8(0..4) == 0 { history.unknown(invoked, value) } else { history.changed(invoked, at, value) };
        }
        for _ in 0..random.usize(1..5) {
            let invoked = random.u64(21..50);
            let seen = Seen::only(if random.bool() { A } else { b() });
            history = history.seen(random.usize(0..2), invoked, invoked + random.u64(1..12), seen);
        }
        let expected = by_definition(&history.0);
        assert_eq!(history.broken(Mode::Strict).is_empty(), expected, "{:#?}", history.0);
        if expected { good += 1 } else { bad += 1 }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} good, {bad} bad");
}
