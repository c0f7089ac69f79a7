-- A user's trigger on a table of pgq is a guest in pgq's steps. The guest finds the settings of its
-- session, not those of the step: lend_settings sets them before the triggers of a statement fire,
-- and take_settings sets the step's again afterwards. The statement itself has its plan by then.

CREATE FUNCTION lend_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('pgq.step', true) || current_setting('pgq.guests', true)
     IS DISTINCT FROM pg_trigger_depth() - 1 || ' on' THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('pgq.lent', lend()::text, true);
  RETURN NULL;
END $$;

-- Sets the settings of the session, and returns those of the step.
CREATE FUNCTION lend() RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  lent json := (
    SELECT json_object_agg(name, current_setting(name)) FROM unnest(ARRAY[
      'search_path', 'lock_timeout', 'plan_cache_mode', 'jit', 'enable_seqscan',
      'enable_bitmapscan', 'enable_sort', 'enable_hashjoin', 'enable_mergejoin', 'enable_nestloop'
    ]) AS name
  );
BEGIN
  SET LOCAL search_path TO DEFAULT;
  SET LOCAL lock_timeout TO DEFAULT;
  SET LOCAL plan_cache_mode TO DEFAULT;
  SET LOCAL jit TO DEFAULT;
  SET LOCAL enable_seqscan TO DEFAULT;
  SET LOCAL enable_bitmapscan TO DEFAULT;
  SET LOCAL enable_sort TO DEFAULT;
  SET LOCAL enable_hashjoin TO DEFAULT;
  SET LOCAL enable_mergejoin TO DEFAULT;
  SET LOCAL enable_nestloop TO DEFAULT;
  RETURN lent;
END $$;

CREATE FUNCTION take_settings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('pgq.step', true) || current_setting('pgq.guests', true)
     IS DISTINCT FROM pg_trigger_depth() - 1 || ' on' THEN
    RETURN NULL;
  END IF;
  PERFORM set_config(name, value, true)
  FROM json_each_text(current_setting('pgq.lent')::json) AS s(name, value);
  RETURN NULL;
END $$;

-- Triggers fire in the order of their names: these are the first and the last of a statement.
DECLARE
  event text;
  place record;
BEGIN
  FOREACH event IN ARRAY ARRAY['UPDATE ON jobs', 'DELETE ON jobs', 'INSERT ON finished_jobs'] LOOP
    FOR place IN SELECT * FROM (VALUES
      ('!lend', 'BEFORE', 'lend_settings'), ('~~take', 'AFTER', 'take_settings')
    ) AS places(name, moment, function) LOOP
      EXECUTE format(
        'CREATE TRIGGER %I %s %s FOR EACH STATEMENT '
        'WHEN (current_setting(''pgq.guests'', true) = '' on'') EXECUTE FUNCTION %I()',
        place.name || ' ' || lower(left(event, 6)), place.moment, event, place.function
      );
    END LOOP;
  END LOOP;
END;
