//! Parts that are measured alone, each by its flag.

use tempfile::TempDir;

use super::{Run, creations, flat, imports, peers, seed};
use crate::report::Report;

/// What takes too long for a whole run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Creations and imports.
    Changes,
    /// Few keys beside many.
    Flat,
    /// What else one would use.
    Peers,
}

impl Part {
    const ALL: [Self; 3] = [Self::Changes, Self::Flat, Self::Peers];

    /// The one that a flag asks for.
    #[must_use]
    pub fn named(flag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| flag.strip_prefix("--") == Some(part.name()))
    }

    /// Of its flag and its results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Flat => "flat",
            Self::Peers => "peers",
        }
    }

    /// How many keys it takes, if nothing else is asked for.
    #[must_use]
    pub fn keys(self) -> usize {
        match self {
            Self::Changes => 1_000_000,
            Self::Flat => 10_000_000,
            Self::Peers => 100_000,
        }
    }

    /// Measures it.
    ///
    /// # Panics
    /// Where anything fails.
    pub fn measure(self, run: &Run, memory: &TempDir, report: &mut Report) {
        match self {
            Self::Changes => {
                let _ = creations::measure(run, report);
                imports::measure(run, run.keys, report);
            }
            Self::Flat => flat::measure(run, report),
            Self::Peers => peers::measure(run, &seed(run, memory, report), memory, report),
        }
    }
}
