//! Moments as pages show them: in UTC, once for people and once for machines.

mod digits;

use std::borrow::Cow;

use fluent_bundle::FluentValue;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use keybearer_core::time::UnixMillis;

pub(super) use self::digits::Digits;
use super::texts;
use crate::http::answer;
use crate::language::Language;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// As English shortens them.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// One moment, seen from another.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    at: UnixMillis,
    now: UnixMillis,
    language: Language,
    /// The moment in UTC; what no calendar reaches, as far as one does.
    civil: DateTime,
}

impl Moment {
    /// This moment, seen from another.
    pub(super) fn new(at: UnixMillis, now: UnixMillis, language: Language) -> Self {
        let reached = jiff::Timestamp::from_millisecond(answer::moment(at).as_unix_millis()).unwrap_or_default();
        Self { at, now, language, civil: Offset::UTC.to_datetime(reached) }
    }

    /// For the attribute `datetime`: as the API writes it.
    pub(super) fn machine(&self) -> Digits {
        let civil = self.civil;
        let mut text = Digits::new();
        text.number(year(civil), 4);
        for (mark, part) in [("-", civil.month()), ("-", civil.day()), ("T", civil.hour()), (":", civil.minute()), (":", civil.second())] {
            text.word(mark);
            text.two(part.unsigned_abs());
        }
        text.word(".");
        text.number(civil.millisecond().unsigned_abs(), 3);
        text.word("Z");
        text
    }

    /// For people, to the minute.
    pub(super) fn text(&self) -> Digits {
        let mut text = self.day();
        text.word(", ");
        text.two(self.civil.hour().unsigned_abs());
        text.word(":");
        text.two(self.civil.minute().unsigned_abs());
        text.word(" UTC");
        text
    }

    /// For people, the day alone.
    pub(super) fn day(&self) -> Digits {
        let (day, month) = (self.civil.day().unsigned_abs(), self.civil.month().unsigned_abs());
        let mut text = Digits::new();
        match self.language {
            Language::English => {
                text.number(day.into(), 1);
                text.word(" ");
                text.word(MONTHS[usize::from(month.clamp(1, 12)) - 1]);
                text.word(" ");
            }
            Language::German => {
                text.two(day);
                text.word(".");
                text.two(month);
                text.word(".");
            }
        }
        text.number(year(self.civil), 4);
        text
    }

    /// How far away, in one unit.
    pub(super) fn distance(&self) -> Cow<'static, str> {
        distance(self.at.0.saturating_sub(self.now.0), self.language)
    }
}

impl texts::Fact for Digits {
    fn value(&self) -> FluentValue<'static> {
        (**self).value()
    }
}

fn year(civil: DateTime) -> u16 {
    civil.year().unsigned_abs()
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
fn distance(milliseconds: i64, language: Language) -> Cow<'static, str> {
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
    texts::counted(language, id, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_manner_of_the_language() {
        let now = UnixMillis(1_767_225_600_000);
        let at = now.plus(6 * DAY + 5 * HOUR);
        let english = Moment::new(at, now, Language::English);
        let told = (&*english.machine(), &*english.text(), &*english.day(), &*english.distance());
        assert_eq!(told, ("2026-01-07T05:00:00.000Z", "7 Jan 2026, 05:00 UTC", "7 Jan 2026", "in 6 days"));
        let german = Moment::new(now.minus(HOUR), now, Language::German);
        assert_eq!((&*german.text(), &*german.distance()), ("31.12.2025, 23:00 UTC", "vor 1 Stunde"));
    }

    #[test]
    fn a_moment_reads_as_the_library_writes_it() {
        for at in [i64::MIN, -1, 0, 951_782_400_007, 1_709_210_096_789, i64::MAX].map(UnixMillis) {
            let api = answer::moment(at);
            let library = jiff::Timestamp::from_millisecond(api.as_unix_millis()).unwrap();
            let [english, german] = Language::ALL.map(|language| Moment::new(at, at, language));
            assert_eq!(*english.machine(), api.to_string());
            assert_eq!(*english.text(), library.strftime("%-d %b %Y, %H:%M UTC").to_string());
            assert_eq!(*german.text(), library.strftime("%d.%m.%Y, %H:%M UTC").to_string());
        }
    }
}
