//! How long a new key is to live: what is offered, and what was chosen.

use keybearer_core::key::DAY;

use super::fields::Fields;
use super::moment::Moment;
use super::visit::Visit;

const HOUR: i64 = DAY / 24;
/// The lifetimes that are offered, in days.
const PRESETS: [i64; 4] = [7, 30, 90, 365];
/// What the choice of another lifetime is called.
const CUSTOM: &str = "custom";
/// And that of no end.
pub(super) const FOREVER: &str = "never";

/// A lifetime that is offered.
pub(super) struct Preset {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) ends: Moment,
}

/// Those of the usual lifetimes that are not above the limit, in milliseconds.
pub(super) fn presets(visit: &Visit, limit: i64) -> Vec<Preset> {
    let offered = PRESETS.into_iter().filter(|days| days.saturating_mul(DAY) <= limit);
    let preset = |days: i64| Preset {
        value: days.to_string(),
        label: visit.t1("days", "count", days),
        ends: visit.moment(&visit.now().plus(days * DAY)),
    };
    offered.map(preset).collect()
}

/// How the form begins with this lifetime: the values of `expires_in`, `amount` and `unit`.
pub(super) fn as_chosen(lifetime: i64) -> (String, String, &'static str) {
    match lifetime {
        _ if lifetime % DAY == 0 && PRESETS.contains(&(lifetime / DAY)) => ((lifetime / DAY).to_string(), String::new(), "days"),
        _ if lifetime % DAY == 0 => (CUSTOM.to_owned(), (lifetime / DAY).to_string(), "days"),
        _ => (CUSTOM.to_owned(), (lifetime / HOUR).max(1).to_string(), "hours"),
    }
}

/// The lifetime that was chosen, in milliseconds.
pub(super) fn chosen(fields: &Fields) -> Option<i64> {
    match fields.value("expires_in") {
        CUSTOM => {
            let unit = if fields.value("unit") == "hours" { HOUR } else { DAY };
            fields.value("amount").trim().parse::<i64>().ok()?.checked_mul(unit)
        }
        preset => preset.parse::<i64>().ok()?.checked_mul(DAY),
    }
}
