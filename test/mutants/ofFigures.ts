/**
 * Mutants of the figures: that each run is counted once, and that no step is without a bound.
 */
import { type Mutant, test } from "./Mutant.ts"

const figures = "engine/maintenance/figures"
const samples = "engine/maintenance/samples"

export const ofFigures: ReadonlyArray<Mutant> = [
  {
    name: "pulse-is-added-up-again",
    of: "figuresOnce",
    changes: [{
      file: "sql/0023_figures.sql",
      from: "'  DELETE FROM pulses WHERE ctid",
      to: "'  SELECT * FROM pulses WHERE ctid"
    }, {
      file: "sql/0023_figures.sql",
      from: "'  )) RETURNING *'",
      to: "'  ))'"
    }],
    by: [test(figures, "are added up once by two processes, and neither waits for the other")]
  },
  {
    name: "roll-up-waits-for-another",
    of: "figuresOnce",
    changes: [{
      file: "sql/0023_figures.sql",
      from: "IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || ':roll_up'), 0) THEN",
      to: "IF false THEN"
    }],
    by: [test(figures, "are added up once by two processes, and neither waits for the other")]
  },
  {
    name: "pulse-is-sent-again-after-no-answer",
    of: "figuresOnce",
    changes: [{
      file: "src/layers/worker/PulseSender.ts",
      from: "error.isOutcomeUnknown ? done : Effect.void",
      to: "Effect.void"
    }],
    by: [test("engine/running/pulses", "figures that may have arrived are not sent again")]
  },
  {
    name: "sample-is-taken-by-each-process",
    of: "figuresOnce",
    changes: [{
      file: "sql/0023_figures.sql",
      from: "     OR EXISTS (SELECT FROM samples WHERE at = this_minute) THEN",
      to: "  THEN"
    }],
    by: [test(samples, "of a minute is taken once, and no process waits for another")]
  },
  {
    name: "sample-without-a-bound",
    of: "boundOfFigures",
    changes: [{
      file: "sql/0023_figures.sql",
      from: "queue = q AND state = 'waiting' LIMIT counted_max",
      to: "queue = q AND state = 'waiting'"
    }],
    by: [test(samples, "counts no further than its bound, and not the jobs that are set aside")]
  },
  {
    name: "roll-up-without-a-bound",
    of: "boundOfFigures",
    changes: [{
      file: "sql/0023_figures.sql",
      from: "WHERE at < $1 ORDER BY at LIMIT $2'",
      to: "WHERE at < $1 ORDER BY at LIMIT $2 + 1000'"
    }],
    by: [test(figures, "are added up in steps of bounded size")]
  },
  {
    name: "past-workers-without-a-bound",
    of: "boundOfFigures",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "ORDER BY ended_at DESC OFFSET 9999 FETCH",
      to: "ORDER BY ended_at FETCH"
    }],
    by: [test(
      "engine/liveness/pastWorkers",
      "is forgotten after a day, or behind ten thousand others, some thousands at a time"
    )]
  },
  {
    name: "sweep-of-minutes-without-a-bound",
    of: "boundOfFigures",
    changes: [{
      file: "sql/0023_figures.sql",
      from: "FROM minutes WHERE at < since_minutes ORDER BY at LIMIT 5000",
      to: "FROM minutes WHERE at < since_minutes ORDER BY at"
    }],
    by: [test(figures, "that are past keeping go some thousands at a time, and no others")]
  }
]
