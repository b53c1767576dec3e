-- How verifications were answered, minute by minute: for the overview alone, no decision reads it.

CREATE TABLE verifications (
    minute BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    count BIGINT NOT NULL CHECK (count > 0),
    PRIMARY KEY (minute, outcome)
);
