-- Which installation this is, so that a backup is not taken for another's.

CREATE TABLE installation (
    id BLOB PRIMARY KEY CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;
INSERT INTO installation (id) VALUES (randomblob(16));
