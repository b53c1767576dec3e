-- Named requirements by which proxies ask whether a request may go on. What a gate requires is JSON, read when it comes into the image.
CREATE TABLE gates (
    -- By bytes, so that lists have the same order whatever the database's own is.
    name TEXT COLLATE "C" PRIMARY KEY,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    -- The revision of its last change.
    version BIGINT NOT NULL
);
