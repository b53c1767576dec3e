//! Verifications over time as a picture: bars of what was accepted, with what was refused on top.

use keybearer_core::decision::Outcome;

use crate::http::dashboard::moment::{Moment, clock, short_day};
use crate::http::dashboard::texts::msg;
use crate::http::dashboard::visit::Visit;
use crate::language::Language;
use crate::ops::traffic::{Period, Step};

/// The width of a step in the picture, and of its bar. The picture is stretched, so only their ratio counts.
const STEP: usize = 10;
const BAR: usize = 8;
/// How many moments are named below.
const TICKS: i64 = 5;
/// The least height at which a bar can be seen, of a hundred.
const VISIBLE: f64 = 1.0;

/// The picture. Heights are of a hundred, from the top.
pub(super) struct Chart {
    pub(super) width: usize,
    pub(super) bars: Vec<Bar>,
    /// What the top of the picture, its middle and its bottom stand for.
    pub(super) scale: [String; 3],
    /// Moments, from the left to the right.
    pub(super) ticks: Vec<String>,
    /// All of it in a sentence.
    pub(super) summary: String,
    pub(super) accepted: String,
    pub(super) refused: String,
    /// Each reason to refuse that occurred, and how often.
    pub(super) reasons: Vec<(&'static str, String)>,
}

/// One step.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) accepted: Part,
    pub(super) refused: Part,
    /// The step in words.
    pub(super) title: String,
    /// The same for a table.
    pub(super) at: Moment,
    pub(super) counts: [String; 2],
}

impl Bar {
    pub(super) fn width(&self) -> usize {
        BAR
    }
}

/// A part of a bar.
pub(super) struct Part {
    pub(super) top: String,
    pub(super) height: String,
}

impl Part {
    fn between(top: f64, bottom: f64) -> Self {
        Self { top: format!("{top:.2}"), height: format!("{:.2}", bottom - top) }
    }

    pub(super) fn is_seen(&self) -> bool {
        self.height != "0.00"
    }
}

/// The message for a reason to refuse.
fn reason(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Valid => msg("overview-accepted"),
        Outcome::Malformed => msg("overview-malformed"),
        Outcome::NotFound => msg("overview-not-found"),
        Outcome::Revoked => msg("overview-revoked"),
        Outcome::Expired => msg("overview-expired"),
        Outcome::InsufficientLevel => msg("overview-level"),
        Outcome::InsufficientPermissions => msg("overview-permissions"),
    }
}

impl Chart {
    /// The picture of these steps.
    pub(super) fn of(visit: &Visit, period: Period, steps: &[Step]) -> Self {
        let language = visit.language;
        let number = |count: u64| grouped(count, language);
        let top = round_up(steps.iter().map(Step::all).max().unwrap_or(0));
        let total = |outcome: Outcome| steps.iter().map(|step| step.count(outcome)).sum::<u64>();
        let reasons = Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Valid).map(|outcome| (outcome, total(outcome)));
        let accepted = total(Outcome::Valid);
        let refused = steps.iter().map(Step::refused).sum();
        Self {
            width: steps.len() * STEP,
            bars: steps.iter().enumerate().filter(|(_, step)| step.all() > 0).map(|(place, step)| bar(visit, place, step, top)).collect(),
            scale: [number(top), number(top / 2), number(0)],
            ticks: ticks(period, steps, language),
            summary: visit.t2("overview-sum", "accepted", number(accepted), "refused", number(refused)),
            accepted: number(accepted),
            refused: number(refused),
            reasons: reasons.filter(|(_, count)| *count > 0).map(|(outcome, count)| (reason(outcome), number(count))).collect(),
        }
    }
}

/// The two parts of a bar: what was accepted, and on top of it what was refused. Each is seen, however little it is beside the other.
fn parts(accepted: u64, refused: u64, top: u64) -> [Part; 2] {
    let height = |count: u64| if count == 0 { 0.0 } else { (count as f64 / top as f64 * 100.0).max(VISIBLE) };
    let lowest = if accepted == 0 { 100.0 } else { 100.0 - VISIBLE };
    let middle = (100.0 - height(accepted)).max(height(refused)).min(lowest);
    [Part::between(middle, 100.0), Part::between((middle - height(refused)).max(0.0), middle)]
}

fn bar(visit: &Visit, place: usize, step: &Step, top: u64) -> Bar {
    let (accepted, refused) = (step.count(Outcome::Valid), step.refused());
    let [lower, upper] = parts(accepted, refused, top);
    let at = visit.moment(&step.at);
    let counts = [grouped(accepted, visit.language), grouped(refused, visit.language)];
    let told = visit.t2("overview-sum", "accepted", &counts[0], "refused", &counts[1]);
    Bar { x: place * STEP + (STEP - BAR) / 2, accepted: lower, refused: upper, title: format!("{}: {told}", at.text()), at, counts }
}

fn ticks(period: Period, steps: &[Step], language: Language) -> Vec<String> {
    let Some(first) = steps.first() else { return Vec::new() };
    // They stand in equal distances below the picture, whose right end is the end of the last step.
    let length = period.step() * i64::try_from(steps.len()).unwrap_or_default();
    let moments = (0..TICKS).map(|tick| first.at.plus(length * tick / (TICKS - 1)));
    moments
        .map(|at| match period {
            Period::Hour | Period::Day => clock(at),
            Period::Week | Period::Month => short_day(at, language),
        })
        .collect()
}

/// The least of 2, 4, 6, 8, 10, 20, 40… that is not below: all can be halved.
fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [2, 4, 6, 8, 10] {
            match unit.checked_mul(step) {
                Some(top) if top >= most => return top,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A number with a mark before each three digits.
fn grouped(number: u64, language: Language) -> String {
    let mark = match language {
        Language::English => ',',
        Language::German => '.',
    };
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number() {
        let tops = [0, 1, 2, 3, 4, 5, 10, 11, 40, 41, 100, 12_345, u64::MAX].map(round_up);
        assert_eq!(tops, [2, 2, 2, 4, 4, 6, 10, 20, 40, 60, 100, 20_000, u64::MAX]);
    }

    #[test]
    fn both_parts_of_a_bar_are_seen_and_stay_in_the_picture() {
        let told = |accepted, refused, top| parts(accepted, refused, top).map(|part| (part.top, part.height));
        let part = |top: &str, height: &str| (top.to_owned(), height.to_owned());
        assert_eq!(told(3, 1, 4), [part("25.00", "75.00"), part("0.00", "25.00")]);
        assert_eq!(told(99_999, 1, 100_000), [part("1.00", "99.00"), part("0.00", "1.00")]);
        assert_eq!(told(1, 99_999, 100_000), [part("99.00", "1.00"), part("0.00", "99.00")]);
        assert_eq!(told(0, 10, 10), [part("100.00", "0.00"), part("0.00", "100.00")]);
        assert_eq!(told(5, 0, 10), [part("50.00", "50.00"), part("50.00", "0.00")]);
    }

    #[test]
    fn digits_are_grouped_as_the_language_does() {
        let told = |number| (grouped(number, Language::English), grouped(number, Language::German));
        assert_eq!(told(0), ("0".into(), "0".into()));
        assert_eq!(told(999), ("999".into(), "999".into()));
        assert_eq!(told(1_000), ("1,000".into(), "1.000".into()));
        assert_eq!(told(1_234_567).0, "1,234,567");
    }
}
