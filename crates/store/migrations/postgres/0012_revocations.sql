-- A revocation is a row of its own, written once and never again. The row of the key stays as it is: none of its conditions is asked and none
-- of its indexes changes when somebody waits for a revocation.
--
-- Whose the key was stands here too, so that live keys are counted by two indexes alone: all of a holder without the revoked ones. That
-- never changes: a revoked key keeps its holder, and its row is never deleted.
-- First the locks, in the order in which each change takes them: what a node of a version before commits until then is copied, and nothing comes
-- behind the copy.
LOCK TABLE counter, keys IN ACCESS EXCLUSIVE MODE;

CREATE TABLE revocations (
    key UUID PRIMARY KEY,
    at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    owner BIGINT,
    policy UUID,
    expires_at BIGINT
);
INSERT INTO revocations (key, at, reason, owner, policy, expires_at)
SELECT id, revoked_at, revoked_reason, owner, policy, expires_at FROM keys WHERE revoked_at IS NOT NULL ORDER BY revoked_at;
CREATE INDEX revocations_holder ON revocations (owner, policy, expires_at);
CREATE INDEX revocations_at ON revocations (at);

-- A revoked key is never valid again, whatever a statement asks.
DROP TRIGGER keys_revoked_is_final ON keys;
DROP FUNCTION keybearer_keep_revoked();
CREATE FUNCTION keybearer_keep_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a revoked key stays revoked';
END
$$;
CREATE TRIGGER revocations_are_final BEFORE UPDATE OR DELETE OR TRUNCATE ON revocations
FOR EACH STATEMENT EXECUTE FUNCTION keybearer_keep_revoked();

-- The names that live keys of services have. A revocation leaves the name here: whoever wants it next takes it over from a revoked key.
CREATE TABLE service_key_names (
    name_key TEXT COLLATE "C" PRIMARY KEY,
    key UUID NOT NULL
);
INSERT INTO service_key_names (name_key, key) SELECT name_key, id FROM keys WHERE kind = 'service' AND revoked_at IS NULL;

-- Whatever statement makes a key of a service or gives it another name: that is its name alone, unless it is revoked. So a node of a version
-- before, which knows nothing of these rows, can make none.
CREATE FUNCTION keybearer_hold_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM service_key_names WHERE name_key = NEW.name_key AND key = NEW.id)
        AND NOT EXISTS (SELECT FROM revocations WHERE key = NEW.id)
    THEN
        RAISE EXCEPTION 'a live key of a service has a name of its own';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER service_keys_hold_names AFTER INSERT OR UPDATE OF name_key ON keys
FOR EACH ROW WHEN (NEW.kind = 'service') EXECUTE FUNCTION keybearer_hold_name();

-- With the columns go the indexes that know them.
ALTER TABLE keys DROP COLUMN revoked_at, DROP COLUMN revoked_reason;
CREATE INDEX keys_owner ON keys (owner, id) INCLUDE (expires_at);
CREATE INDEX keys_policy ON keys (policy, id);

-- That there is one counter is asked when a row is made, and not by a condition that each change of the counter reads anew.
ALTER TABLE counter DROP CONSTRAINT counter_id_check;
CREATE FUNCTION keybearer_one_counter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'there is one counter';
END
$$;
CREATE TRIGGER counter_is_one BEFORE INSERT OR DELETE OR TRUNCATE ON counter
FOR EACH STATEMENT EXECUTE FUNCTION keybearer_one_counter();
