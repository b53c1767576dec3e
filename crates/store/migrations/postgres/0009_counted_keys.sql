-- The live keys of an account, and those of a policy, are counted by an index alone: the first at each creation, the second in lists.

DROP INDEX keys_owner;
DROP INDEX keys_policy;
CREATE INDEX keys_owner ON keys (owner, id) INCLUDE (revoked_at, expires_at);
CREATE INDEX keys_policy ON keys (policy, id) INCLUDE (revoked_at);
