-- Every row that decides about keys, and the one counter that orders all changes.

-- Whoever changes anything locks its row first, so changes follow one another. Account numbers are counted here and not by a sequence:
-- a number that was taken back with its transaction is given to the next.
CREATE TABLE counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL,
    last_account BIGINT NOT NULL,
    -- Raised by each node that begins to serve: one that finds another number here was followed by another node.
    tenure BIGINT NOT NULL
);
INSERT INTO counter (id, revision, last_account, tenure) VALUES (1, 0, 0, 0);

CREATE TABLE peppers (
    version INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL
);

-- A deleted account keeps its number (never reused) and loses all that told of its holder.
CREATE TABLE accounts (
    id BIGINT PRIMARY KEY,
    username TEXT,
    username_key TEXT COLLATE "C" UNIQUE,
    email TEXT,
    issuer TEXT NOT NULL DEFAULT '',
    external_id TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    password_hash TEXT,
    role TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'locked', 'blocked')),
    consent BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    UNIQUE (issuer, external_id),
    CHECK ((username IS NULL) = (username_key IS NULL)),
    CHECK (deleted_at IS NOT NULL OR username IS NOT NULL),
    CHECK (deleted_at IS NULL OR (username IS NULL AND email IS NULL AND external_id IS NULL AND password_hash IS NULL))
);

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    account BIGINT NOT NULL REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account, created_at);

CREATE TABLE policies (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    version BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX policies_name ON policies (name_key) WHERE deleted_at IS NULL;

CREATE TABLE policy_permissions (
    policy UUID NOT NULL REFERENCES policies (id),
    permission TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (policy, permission)
);
CREATE INDEX policy_permissions_permission ON policy_permissions (permission);

CREATE TABLE keys (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('account', 'service')),
    name TEXT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    owner BIGINT REFERENCES accounts (id),
    level SMALLINT CHECK (level BETWEEN 0 AND 8),
    policy UUID REFERENCES policies (id),
    service TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    digest BYTEA NOT NULL CHECK (octet_length(digest) = 32),
    pepper INTEGER NOT NULL REFERENCES peppers (version),
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL,
    created_by_key UUID REFERENCES keys (id),
    expires_at BIGINT,
    revoked_at BIGINT,
    revoked_reason TEXT,
    last_used_at BIGINT,
    CHECK ((kind = 'account') = (owner IS NOT NULL)),
    CHECK ((kind = 'account') = (level IS NOT NULL)),
    CHECK ((kind = 'service') = (policy IS NOT NULL)),
    CHECK (kind = 'service' OR service IS NULL),
    CHECK (kind = 'service' OR expires_at IS NOT NULL),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE UNIQUE INDEX keys_service_name ON keys (name_key) WHERE kind = 'service' AND revoked_at IS NULL;
CREATE INDEX keys_owner ON keys (owner, id);
CREATE INDEX keys_policy ON keys (policy, id);
CREATE INDEX keys_created_by_key ON keys (created_by_key) WHERE created_by_key IS NOT NULL;
CREATE INDEX keys_name ON keys (name_key, id);
CREATE INDEX keys_expires_at ON keys (expires_at, id);
CREATE INDEX keys_last_used_at ON keys (last_used_at, id);

-- A revoked key is never valid again, whatever a statement asks.
CREATE FUNCTION keybearer_keep_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a revoked key stays revoked';
END
$$;
CREATE TRIGGER keys_revoked_is_final BEFORE UPDATE OF revoked_at, revoked_reason ON keys
FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL
    AND (NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.revoked_reason IS DISTINCT FROM OLD.revoked_reason))
EXECUTE FUNCTION keybearer_keep_revoked();

CREATE TABLE services (
    name TEXT COLLATE "C" PRIMARY KEY,
    name_key TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE permissions (
    full_name TEXT COLLATE "C" PRIMARY KEY,
    service TEXT COLLATE "C" NOT NULL REFERENCES services (name),
    description TEXT NOT NULL,
    declared BOOLEAN NOT NULL
);
CREATE INDEX permissions_service ON permissions (service);

-- The audit trail and the change log: one row for each change, in the order of the counter.
CREATE TABLE events (
    revision BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    touched TEXT NOT NULL,
    before TEXT,
    after TEXT,
    request_id TEXT NOT NULL
);
CREATE INDEX events_actor ON events (actor, revision);
CREATE INDEX events_target ON events (target, revision);
CREATE INDEX events_action ON events (action, revision);
