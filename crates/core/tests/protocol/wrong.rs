//! The wrong variants of the protocol: each one a step that somebody could simplify into.

/// One difference from the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wrong {
    /// A beat that found a change which it had not told grants from when it was sent, once that change is applied.
    GrantsFromTheBeat,
    /// A beat that is given up counts as if the node had learned from it that nothing had changed.
    CountsLostBeats,
    /// `acked = a`, for `acked = GREATEST(acked, a)`.
    AssignsAcked,
    /// Who is to be fenced is looked up in one statement, and fenced by its id in the next.
    FencesByList,
    /// A registration is `INSERT ... ON CONFLICT (name) DO UPDATE`, and sets the row right for whoever has that name.
    UpsertsByName,
    /// A fetch reads the rows first, and the counter in a later statement.
    LabelsTooNew,
    /// A node registers before it loads, and the instant of the load, the first `b` there is, is noted once the load has arrived.
    NotesAfterTheLoad,
    /// The instant of any later fetch is noted once it has arrived.
    NotesAfterAFetch,
    /// As [`Wrong::NotesAfterTheLoad`], but the node registers after it has loaded, as it does in the protocol.
    NotesAfterTheLoadAndRegistersThen,
    /// A node that finds itself fenced empties its image before it loads anew.
    EmptiesWhenFenced,
    /// A change returns as soon as it is committed.
    NoBarrier,
    /// A node answers from its image whether it has a lease or not.
    NoLeaseCheck,
    /// A node acknowledges what a beat has told it of, before it has applied it.
    AcksBeforeApplying,
    /// A node that hears of a change answers by a message that it has it, before it has applied it.
    SaysWhatItHeard,
    /// A node takes over what a change told that it did, though it lacks changes before that one.
    TakesNewsOutOfOrder,
    /// A node that takes over what a change told that it did lacks nothing, it believes, since that came.
    NotesWhenNewsArrive,
    /// A node says that it heeds what is foretold, and goes on answering under its lease.
    HeedsWithoutDoubt,
    /// A look at the database ends the doubt, though the change may come after it.
    LiftsDoubtByARead,
    /// A node heeds what is foretold one tick less than it should.
    DoubtsTooShort,
    /// Whoever makes a change relies on what was heeded, however long ago it was foretold.
    CountsHeedingForEver,
    /// Whoever makes a change relies on what was heeded when another one was foretold, which was not made.
    CountsEarlierHeeding,
    /// A node takes what a beat grants, and the revision that it found for what is held, before that is applied.
    ConfirmsBeforeApplying,
    /// A strong read that was under way when the verification came is good enough for it.
    SharesAnEarlierRead,
    /// The statement of a beat does not look whether the incarnation is fenced.
    BeatsThoughFenced,
    /// A change waits one tick less than a lease lasts.
    WaitsTooShort,
    /// In strict mode, a node with a lease answers under it.
    LeasesInStrictMode,
}
