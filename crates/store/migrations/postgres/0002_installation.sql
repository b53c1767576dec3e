-- Which installation this is, so that a backup is not taken for another's.

CREATE TABLE installation (
    id UUID PRIMARY KEY
);
INSERT INTO installation (id) VALUES (gen_random_uuid());
