-- Every row that decides about keys, and the one counter that orders all changes.

CREATE TABLE counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO counter (id, revision) VALUES (1, 0);

CREATE TABLE peppers (
    version INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL
) STRICT;

-- A deleted account keeps its number (never reused) and loses all that told of its holder.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT,
    username_key TEXT UNIQUE,
    email TEXT,
    issuer TEXT NOT NULL DEFAULT '',
    external_id TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    password_hash TEXT,
    role TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'locked', 'blocked')),
    consent INTEGER NOT NULL CHECK (consent IN (0, 1)),
    created_at INTEGER NOT NULL,
    deleted_at INTEGER,
    UNIQUE (issuer, external_id),
    CHECK ((username IS NULL) = (username_key IS NULL)),
    CHECK (deleted_at IS NOT NULL OR username IS NOT NULL),
    CHECK (deleted_at IS NULL OR (username IS NULL AND email IS NULL AND external_id IS NULL AND password_hash IS NULL))
) STRICT;

CREATE TABLE sessions (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    account INTEGER NOT NULL REFERENCES accounts (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account, created_at);

CREATE TABLE policies (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX policies_name ON policies (name_key) WHERE deleted_at IS NULL;

CREATE TABLE policy_permissions (
    policy BLOB NOT NULL REFERENCES policies (id),
    permission TEXT NOT NULL,
    PRIMARY KEY (policy, permission)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_permissions_permission ON policy_permissions (permission);

CREATE TABLE keys (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('account', 'service')),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    owner INTEGER REFERENCES accounts (id),
    level INTEGER CHECK (level BETWEEN 0 AND 8),
    policy BLOB REFERENCES policies (id),
    service TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    pepper INTEGER NOT NULL REFERENCES peppers (version),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_by_key BLOB REFERENCES keys (id),
    expires_at INTEGER,
    revoked_at INTEGER,
    revoked_reason TEXT,
    last_used_at INTEGER,
    CHECK ((kind = 'account') = (owner IS NOT NULL)),
    CHECK ((kind = 'account') = (level IS NOT NULL)),
    CHECK ((kind = 'service') = (policy IS NOT NULL)),
    CHECK (kind = 'service' OR service IS NULL),
    CHECK (kind = 'service' OR expires_at IS NOT NULL),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX keys_service_name ON keys (name_key) WHERE kind = 'service' AND revoked_at IS NULL;
CREATE INDEX keys_owner ON keys (owner, id);
CREATE INDEX keys_policy ON keys (policy, id);
CREATE INDEX keys_created_by_key ON keys (created_by_key) WHERE created_by_key IS NOT NULL;
CREATE INDEX keys_name ON keys (name_key, id);
CREATE INDEX keys_expires_at ON keys (expires_at, id);
CREATE INDEX keys_last_used_at ON keys (last_used_at, id);

-- A revoked key is never valid again, whatever a statement asks.
CREATE TRIGGER keys_revoked_is_final BEFORE UPDATE OF revoked_at, revoked_reason ON keys
WHEN OLD.revoked_at IS NOT NULL AND (NEW.revoked_at IS NOT OLD.revoked_at OR NEW.revoked_reason IS NOT OLD.revoked_reason)
BEGIN
    SELECT RAISE(ABORT, 'a revoked key stays revoked');
END;

CREATE TABLE services (
    name TEXT PRIMARY KEY,
    name_key TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE permissions (
    full_name TEXT PRIMARY KEY,
    service TEXT NOT NULL REFERENCES services (name),
    description TEXT NOT NULL,
    declared INTEGER NOT NULL CHECK (declared IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX permissions_service ON permissions (service);

-- The audit trail and the change log: one row for each change, in the order of the counter.
CREATE TABLE events (
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    touched TEXT NOT NULL,
    before TEXT,
    after TEXT,
    request_id TEXT NOT NULL
) STRICT;
CREATE INDEX events_actor ON events (actor, revision);
CREATE INDEX events_target ON events (target, revision);
CREATE INDEX events_action ON events (action, revision);
