-- How verifications were answered, minute by minute: for the overview alone, no decision reads it.

CREATE TABLE verifications (
    minute INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (minute, outcome)
) STRICT, WITHOUT ROWID;
