-- Lists of keys are read from an index in each of their orders, also where what they are ordered by is absent, and where few keys are dead.

DROP INDEX keys_expires_at;
DROP INDEX keys_last_used_at;
CREATE INDEX keys_expiry ON keys (coalesce(expires_at, 9223372036854775807), id);
CREATE INDEX keys_use ON keys (coalesce(last_used_at, 0), id);
CREATE INDEX keys_revoked ON keys (id) WHERE revoked_at IS NOT NULL;
