-- Last uses that wait to be written into the rows of their keys: pairs of an id (16 bytes) and a moment (8 bytes, milliseconds since 1970, big
-- endian), all in one value, which is replaced as a whole. Thousands of rows a second would leave as many dead ones behind.
CREATE TABLE waiting_uses (
    one SMALLINT PRIMARY KEY CHECK (one = 1),
    uses BYTEA NOT NULL CHECK (length(uses) % 24 = 0)
);
INSERT INTO waiting_uses (one, uses) VALUES (1, '');
