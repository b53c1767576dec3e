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

-- As before. What is asked of each row that is revoked is less: most were not.
DROP TRIGGER keys_revoked_is_final ON keys;
CREATE OR REPLACE FUNCTION keybearer_keep_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.revoked_at IS DISTINCT FROM OLD.revoked_at OR NEW.revoked_reason IS DISTINCT FROM OLD.revoked_reason THEN
        RAISE EXCEPTION 'a revoked key stays revoked';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keys_revoked_is_final BEFORE UPDATE OF revoked_at, revoked_reason ON keys
FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION keybearer_keep_revoked();
