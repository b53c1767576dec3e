//! A commit of which nobody knows whether it was one: the connection was lost between the question and the answer.

use crate::{Changed, Follower};

/// What is true if it was committed, and what if it was not. The callers were told that it is not known.
pub(super) struct Doubt {
    /// The revision without it.
    pub(super) before: i64,
    /// The revision with it.
    pub(super) after: i64,
    /// What the follower has to know if it was.
    pub(super) changes: Vec<Changed>,
}

impl Doubt {
    /// Ends the doubt by the revision that is there now, read under the lock that the lost transaction had, which is over therefore. No other
    /// node was here meanwhile. Returns the revision that the follower has now.
    pub(super) fn settle(self, revision: i64, follower: Option<&dyn Follower>) -> i64 {
        // What raises no revision takes away what nobody may use any more: that is told in any case.
        if revision == self.after {
            if let Some(follower) = follower {
                self.changes.into_iter().for_each(|changed| follower.apply(changed));
            }
            return self.after;
        }
        self.before
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<i64>>);

    impl Follower for Told {
        fn apply(&self, changed: Changed) {
            self.0.lock().unwrap().push(changed.revision);
        }
    }

    fn settled(revision: i64) -> (i64, Vec<i64>) {
        let changes = [5, 6].map(|revision| Changed { revision, ..Changed::default() }).into();
        let told = Told::default();
        let settled = Doubt { before: 4, after: 6, changes }.settle(revision, Some(&told));
        (settled, told.0.into_inner().unwrap())
    }

    #[test]
    fn what_was_committed_after_all_is_told_in_order() {
        assert_eq!(settled(6), (6, vec![5, 6]));
    }

    #[test]
    fn what_was_lost_is_not_told() {
        assert_eq!(settled(4), (4, vec![]));
    }

    #[test]
    fn what_nobody_here_did_is_not_taken_for_either() {
        assert_eq!(settled(5), (4, vec![]));
        assert_eq!(settled(7), (4, vec![]));
    }
}
