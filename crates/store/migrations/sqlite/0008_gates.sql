-- Named requirements by which proxies ask whether a request may go on. What a gate requires is JSON, read when it comes into the image.
CREATE TABLE gates (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    -- The revision of its last change.
    version INTEGER NOT NULL
) STRICT;
