-- How many nodes have joined, ever. A change reads it with the lock that it has anyway: who knew the nodes when it was the same knows all of
-- them. The database counts, so that no program can forget to.
ALTER TABLE counter ADD COLUMN joined BIGINT NOT NULL DEFAULT 0;

CREATE FUNCTION count_joined() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE counter SET joined = joined + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER nodes_joined AFTER INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION count_joined();
