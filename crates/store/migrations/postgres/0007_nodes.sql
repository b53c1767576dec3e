-- The processes that serve from this database. A row is made for each incarnation and never used by another one; the protocol is told in
-- docs/cluster.md. Times are milliseconds since 1970 by this server's clock, for people: no decision rests on them.
CREATE TABLE nodes (
    incarnation UUID PRIMARY KEY,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    version TEXT NOT NULL,
    -- Whether it answers from memory under a lease, so that changes have to wait for it.
    leases BOOLEAN NOT NULL,
    -- The table of roles by which it decides: nodes that serve together have the same.
    roles TEXT NOT NULL,
    -- The newest pepper that it holds.
    pepper INTEGER NOT NULL,
    -- The revision that it has told to hold. It only rises.
    acked BIGINT NOT NULL,
    -- Whether nobody waits for it any more. There is no way back.
    fenced BOOLEAN NOT NULL DEFAULT FALSE,
    registered_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    -- How long its lease was to last when it sent its last heartbeat, in milliseconds.
    lease_left BIGINT NOT NULL
);

-- Several nodes serve now, and each keeps its own uses that wait.
ALTER TABLE counter DROP COLUMN tenure;
ALTER TABLE waiting_uses DROP COLUMN one, ADD COLUMN node UUID NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY;
