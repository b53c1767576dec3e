-- Whose a key is, said in one condition: each condition is read anew by every statement that writes a key, so that many of them cost more
-- than what they keep from being written.
ALTER TABLE keys
    DROP CONSTRAINT keys_kind_check,
    DROP CONSTRAINT keys_check,
    DROP CONSTRAINT keys_check1,
    DROP CONSTRAINT keys_check2,
    DROP CONSTRAINT keys_check3,
    DROP CONSTRAINT keys_check4,
    ADD CONSTRAINT keys_holder CHECK (
        CASE WHEN owner IS NULL
            THEN kind = 'service' AND policy IS NOT NULL AND level IS NULL
            ELSE kind = 'account' AND level IS NOT NULL AND expires_at IS NOT NULL AND policy IS NULL AND service IS NULL
        END);
