//! Moments as pages show them: in UTC, once for people and once for machines.

use keybearer_core::time::UnixMillis;

use super::texts;
use crate::http::answer;
use crate::language::Language;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One moment.
pub(super) struct Moment {
    /// For the attribute `datetime`.
    pub(super) machine: String,
    /// For people, to the minute.
    pub(super) text: String,
    /// For people, the day alone.
    pub(super) day: String,
    /// How far away, in one unit.
    pub(super) distance: String,
}

impl Moment {
    /// This moment, seen from another.
    pub(super) fn new(at: UnixMillis, now: UnixMillis, language: Language) -> Self {
        let (day, minute) = match language {
            Language::English => ("%-d %b %Y", "%-d %b %Y, %H:%M UTC"),
            Language::German => ("%d.%m.%Y", "%d.%m.%Y, %H:%M UTC"),
        };
        let wire = answer::moment(at);
        let moment = jiff::Timestamp::from_millisecond(wire.as_unix_millis()).unwrap_or_default();
        Self {
            machine: wire.to_string(),
            text: moment.strftime(minute).to_string(),
            day: moment.strftime(day).to_string(),
            distance: distance(at.0.saturating_sub(now.0), language),
        }
    }
}

/// The time of the day.
pub(super) fn clock(at: UnixMillis) -> String {
    told(at, "%H:%M")
}

/// The day without its year.
pub(super) fn short_day(at: UnixMillis, language: Language) -> String {
    match language {
        Language::English => told(at, "%-d %b"),
        Language::German => told(at, "%-d.%-m."),
    }
}

fn told(at: UnixMillis, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().strftime(form).to_string()
}

/// `in 3 days`, `2 hours ago`, rounded.
fn distance(milliseconds: i64, language: Language) -> String {
    let size = milliseconds.saturating_abs();
    let whole = |unit: i64| size.saturating_add(unit / 2) / unit;
    let unit = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")].into_iter().find(|(unit, _)| size >= *unit);
    let (id, count) = match (unit, milliseconds >= 0) {
        (None, true) => (texts::msg("in-a-moment"), 0),
        (None, false) => (texts::msg("just-now"), 0),
        (Some((unit, "day")), true) => (texts::msg("in-days"), whole(unit)),
        (Some((unit, "hour")), true) => (texts::msg("in-hours"), whole(unit)),
        (Some((unit, _)), true) => (texts::msg("in-minutes"), whole(unit)),
        (Some((unit, "day")), false) => (texts::msg("days-ago"), whole(unit)),
        (Some((unit, "hour")), false) => (texts::msg("hours-ago"), whole(unit)),
        (Some((unit, _)), false) => (texts::msg("minutes-ago"), whole(unit)),
    };
    texts::text(language, id, &[("count", texts::Fact::value(&count))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_manner_of_the_language() {
        let now = UnixMillis(1_767_225_600_000);
        let at = now.plus(6 * DAY + 5 * HOUR);
        let english = Moment::new(at, now, Language::English);
        let told = (english.machine.as_str(), english.text.as_str(), english.day.as_str(), english.distance.as_str());
        assert_eq!(told, ("2026-01-07T05:00:00.000Z", "7 Jan 2026, 05:00 UTC", "7 Jan 2026", "in 6 days"));
        let german = Moment::new(now.minus(HOUR), now, Language::German);
        assert_eq!((german.text.as_str(), german.distance.as_str()), ("31.12.2025, 23:00 UTC", "vor 1 Stunde"));
    }
}
