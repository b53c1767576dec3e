-- Which installation this is, so that a backup is not taken for another's; and which password links are used up.

CREATE TABLE installation (
    id BLOB PRIMARY KEY CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;
INSERT INTO installation (id) VALUES (randomblob(16));

CREATE TABLE redeemed_links (
    nonce TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
