-- Dead keys leave the memory after some time: they are found by the moment of their death.
CREATE INDEX keys_revoked_at ON keys (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- Events up to this revision have lost what was before and after.
ALTER TABLE counter ADD COLUMN payloads_pruned BIGINT NOT NULL DEFAULT 0;
