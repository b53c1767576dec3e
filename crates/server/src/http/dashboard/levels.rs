//! The levels in plain words.

use std::borrow::Cow;

use keybearer_core::role::Level;

use super::texts::msg;
use super::visit::Visit;

/// Of each level: its name, what a key of it can do, and what it cannot.
const WORDS: [[&str; 3]; 9] = [
    [msg("level-0"), msg("level-0-can"), msg("level-0-cannot")],
    [msg("level-1"), msg("level-1-can"), msg("level-1-cannot")],
    [msg("level-2"), msg("level-2-can"), msg("level-2-cannot")],
    [msg("level-3"), msg("level-3-can"), msg("level-3-cannot")],
    [msg("level-4"), msg("level-4-can"), msg("level-4-cannot")],
    [msg("level-5"), msg("level-5-can"), msg("level-5-cannot")],
    [msg("level-6"), msg("level-6-can"), msg("level-6-cannot")],
    [msg("level-7"), msg("level-7-can"), msg("level-7-cannot")],
    [msg("level-8"), msg("level-8-can"), msg("level-8-cannot")],
];

/// A level in words.
pub(super) struct LevelText {
    pub(super) number: u8,
    pub(super) name: String,
    pub(super) can: String,
    pub(super) cannot: String,
}

/// A level and its name.
pub(super) struct LevelName {
    pub(super) number: u8,
    pub(super) name: Cow<'static, str>,
}

/// This level by its name.
pub(super) fn name(visit: &Visit, level: Level) -> LevelName {
    let number = level.number();
    LevelName { number, name: visit.plain(WORDS[usize::from(number)][0]) }
}

/// This level in words.
fn text(visit: &Visit, level: Level) -> LevelText {
    let number = level.number();
    let [name, can, cannot] = WORDS[usize::from(number)];
    LevelText { number, name: visit.t(name), can: visit.t(can), cannot: visit.t(cannot) }
}

/// All levels up to this one.
pub(super) fn up_to(visit: &Visit, most: Level) -> Vec<LevelText> {
    Level::all().filter(|level| *level <= most).map(|level| text(visit, level)).collect()
}
