-- Last uses that wait to be written into the rows of their keys: pairs of an id (16 bytes) and a moment (8 bytes, milliseconds since 1970, big
-- endian), all in one value, which is replaced as a whole. Thousands of rows a second would take more time than the verifications.
CREATE TABLE waiting_uses (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    uses BLOB NOT NULL CHECK (length(uses) % 24 = 0)
) STRICT;
INSERT INTO waiting_uses (one, uses) VALUES (1, x'');
