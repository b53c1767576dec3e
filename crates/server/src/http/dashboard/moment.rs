//! Moments as pages show them: in UTC, once for people and once for machines.

use keybearer_api::Timestamp;
use keybearer_core::time::UnixMillis;

use super::texts;
use crate::http::answer;
use crate::language::Language;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One moment, seen from another.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    at: UnixMillis,
    now: UnixMillis,
    language: Language,
}

impl Moment {
    /// This moment, seen from another.
    pub(super) fn new(at: UnixMillis, now: UnixMillis, language: Language) -> Self {
        Self { at, now, language }
    }

    /// For the attribute `datetime`.
    pub(super) fn machine(&self) -> Timestamp {
        answer::moment(self.at)
    }

    /// For people, to the minute.
    pub(super) fn text(&self) -> String {
        self.told(match self.language {
            Language::English => "%-d %b %Y, %H:%M UTC",
            Language::German => "%d.%m.%Y, %H:%M UTC",
        })
    }

    /// For people, the day alone.
    pub(super) fn day(&self) -> String {
        self.told(match self.language {
            Language::English => "%-d %b %Y",
            Language::German => "%d.%m.%Y",
        })
    }

    /// How far away, in one unit.
    pub(super) fn distance(&self) -> String {
        distance(self.at.0.saturating_sub(self.now.0), self.language)
    }

    fn told(&self, form: &str) -> String {
        // What no calendar reaches is told as far as one does.
        told(UnixMillis(self.machine().as_unix_millis()), form)
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
        let told = (english.machine().to_string(), english.text(), english.day(), english.distance());
        let same = ["2026-01-07T05:00:00.000Z", "7 Jan 2026, 05:00 UTC", "7 Jan 2026", "in 6 days"].map(str::to_owned);
        assert_eq!(told, same.into());
        let german = Moment::new(now.minus(HOUR), now, Language::German);
        assert_eq!((&*german.text(), &*german.distance()), ("31.12.2025, 23:00 UTC", "vor 1 Stunde"));
    }
}
