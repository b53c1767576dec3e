-- A revocation of one key, with its event, is one row in a table with one index. Somebody waits for that; for its entries in the indexes of all
-- revocations and all events nobody does. A node puts it among the others soon after. Whoever reads asks two views that hold both kinds, so no
-- answer tells whether that has been done.
--
-- First the lock that each change takes, so that nobody is in the midst of one.
LOCK TABLE counter, events, revocations IN ACCESS EXCLUSIVE MODE;

-- What a node of a version before reads stays as it was called, and is whole. It cannot write there.
ALTER TABLE events RENAME TO settled_events;
ALTER TABLE revocations RENAME TO settled_revocations;

-- Rows come and go: they are cleared away by their number, not by their share, and the file is not cut, which would lock others out.
--
-- How many nodes had joined is only there to be returned: a statement returns what it writes with less work than what it looks up besides.
CREATE TABLE lone_revocations (
    revision BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    touched TEXT NOT NULL,
    before TEXT,
    after TEXT,
    request_id TEXT NOT NULL,
    key UUID NOT NULL,
    reason TEXT NOT NULL,
    owner BIGINT,
    policy UUID,
    expires_at BIGINT,
    joined BIGINT NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, vacuum_truncate = off);

-- Up to which revision there are none left. Whoever reads begins behind it, and so passes over nothing that is gone and not cleared away yet.
CREATE TABLE settled (
    id INTEGER PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO settled (id, revision) VALUES (1, 0);

CREATE VIEW events AS
SELECT revision, at, actor, action, target, touched, before, after, request_id FROM settled_events
UNION ALL SELECT revision, at, actor, action, target, touched, before, after, request_id FROM lone_revocations
WHERE revision > (SELECT settled.revision FROM settled WHERE id = 1);

CREATE VIEW revocations AS
SELECT key, at, reason, owner, policy, expires_at FROM settled_revocations
UNION ALL SELECT key, at, reason, owner, policy, expires_at FROM lone_revocations
WHERE revision > (SELECT settled.revision FROM settled WHERE id = 1);

-- A revoked key is never valid again, whatever a statement asks: a row goes only where it stands among the others, and none is passed over,
-- of those either that are not written yet.
CREATE TRIGGER lone_revocations_are_final BEFORE UPDATE OR TRUNCATE ON lone_revocations
FOR EACH STATEMENT EXECUTE FUNCTION keybearer_keep_revoked();
CREATE FUNCTION keybearer_keep_lone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone WHERE NOT EXISTS (SELECT FROM settled_revocations WHERE settled_revocations.key = gone.key)) THEN
        RAISE EXCEPTION 'a revoked key stays revoked';
    END IF;
    IF EXISTS (SELECT FROM gone WHERE NOT EXISTS (SELECT FROM settled_events WHERE settled_events.revision = gone.revision)) THEN
        RAISE EXCEPTION 'a revoked key stays revoked';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER lone_revocations_are_kept AFTER DELETE ON lone_revocations REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION keybearer_keep_lone();

CREATE TRIGGER settled_is_one BEFORE INSERT OR DELETE OR TRUNCATE ON settled
FOR EACH STATEMENT EXECUTE FUNCTION keybearer_keep_revoked();
CREATE FUNCTION keybearer_keep_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.revision > (SELECT counter.revision FROM counter WHERE id = 1)
        OR EXISTS (SELECT FROM lone_revocations WHERE revision > OLD.revision AND revision <= NEW.revision)
    THEN
        RAISE EXCEPTION 'a revoked key stays revoked';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER settled_passes_over_none AFTER UPDATE ON settled FOR EACH ROW EXECUTE FUNCTION keybearer_keep_settled();
