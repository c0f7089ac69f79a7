-- How late the jobs of a queue may be, as operators set it. Looks, metrics and the verdict go by
-- it; no claim reads it.

CREATE TABLE queues (
  -- '*' stands for all queues that have no row of their own.
  name      text PRIMARY KEY,
  -- The longest that a ready job should wait.
  objective interval NOT NULL CHECK (objective > '0')
);

-- Sets the objective of a queue, or clears it if it is NULL. Answers 'set', 'cleared', or 'not set'
-- if there was none to clear.
CREATE FUNCTION set_objective(queue text, objective interval) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  PERFORM check_pause(queue, '');
  IF objective IS NULL THEN
    DELETE FROM queues AS q WHERE q.name = queue;
    RETURN CASE WHEN FOUND THEN 'cleared' ELSE 'not set' END;
  ELSIF objective <= '0' THEN
    RAISE EXCEPTION 'an objective is longer than nothing' USING ERRCODE = '22023';
  END IF;
  INSERT INTO queues AS q (name, objective) VALUES (queue, objective)
  ON CONFLICT ON CONSTRAINT queues_pkey DO UPDATE SET objective = excluded.objective;
  RETURN 'set';
END $$;
