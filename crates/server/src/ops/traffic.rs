//! How verifications were answered over time.

use keybearer_core::decision::Outcome;
use keybearer_core::key::DAY;
use keybearer_core::permission::OwnPermission;
use keybearer_core::time::UnixMillis;
use keybearer_store::MINUTE;

use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;

/// How far back, up to now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// An hour, by the minute.
    Hour,
    /// A day, by the half hour.
    Day,
    /// A week, by three hours.
    Week,
    /// Thirty days, by half days.
    Month,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The name on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// How long a step is, in milliseconds.
    #[must_use]
    pub fn step(self) -> i64 {
        match self {
            Self::Hour => MINUTE,
            Self::Day => 30 * MINUTE,
            Self::Week => 180 * MINUTE,
            Self::Month => 720 * MINUTE,
        }
    }

    fn length(self) -> i64 {
        match self {
            Self::Hour => DAY / 24,
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 30 * DAY,
        }
    }
}

/// One step of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When it begins.
    pub at: UnixMillis,
    counts: [u64; Outcome::ALL.len()],
}

impl Step {
    /// How many were answered so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        Outcome::ALL.iter().position(|one| *one == outcome).map_or(0, |place| self.counts[place])
    }

    /// How many there were.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.all() - self.count(Outcome::Valid)
    }
}

/// Verifications of a period, step by step, the present one last. Those of the last seconds may be missing.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `audit.read`.
pub async fn verifications(app: &App, caller: &Caller, period: Period) -> Result<Vec<Step>, AppError> {
    caller.authority.manages(OwnPermission::AuditRead)?;
    let step = period.step();
    let last = app.clock.now().0.div_euclid(step) * step;
    let first = last - period.length() + step;
    let mut steps: Vec<Step> = (first..=last)
        .step_by(usize::try_from(step).unwrap_or(1))
        .map(|at| Step { at: UnixMillis(at), counts: [0; Outcome::ALL.len()] })
        .collect();
    for answered in app.store.verifications(UnixMillis(first), UnixMillis(last + step), step).await? {
        let step = steps.iter_mut().find(|step| step.at == answered.at);
        let place = Outcome::ALL.iter().position(|outcome| *outcome == answered.outcome);
        if let (Some(step), Some(place)) = (step, place) {
            step.counts[place] += answered.count;
        }
    }
    Ok(steps)
}
