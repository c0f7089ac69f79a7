/**
 * Mutants of the hints that awaited jobs have ended.
 */
import { type Mutant, test } from "./Mutant.ts"

const hints = "engine/running/hints"

export const ofHints: ReadonlyArray<Mutant> = [
  {
    name: "result-is-kept-and-not-told-of",
    of: "hintsOfEnds",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "  PERFORM tell_awaited(ARRAY(SELECT unnest(c.ids) FROM unnest(completed) AS c));\n",
      to: ""
    }],
    by: [test(hints, "has a row for it, and is told of its end")]
  },
  {
    name: "end-without-a-result-is-not-told-of",
    of: "hintsOfEnds",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "  IF has_error THEN PERFORM tell_awaited(ids); END IF;\n",
      to: ""
    }],
    by: [test(hints, "is told of a job that ends as ")]
  },
  {
    name: "hint-during-a-look-is-forgotten",
    of: "hintsOfEnds",
    changes: [{
      file: "src/services/Waiters.ts",
      from: "if (!waiter.isHinted) waiter.nextAt",
      to: "waiter.nextAt"
    }],
    by: [test(
      "layers/Waiters",
      "a hint brings the next look forward, even one that comes during a look"
    )]
  },
  {
    name: "message-of-any-length",
    of: "hintsOfEnds",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "cardinality(ids) > 300 THEN '*'",
      to: "cardinality(ids) > 3000 THEN '*'"
    }],
    by: [test(hints, "is told to look at all jobs where too many have ended for one message")]
  },
  {
    name: "rows-of-awaited-are-never-dropped",
    of: "rowsOfAwaited",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "forget_progress(),\n    forget_awaited()",
      to: "forget_progress()"
    }],
    by: [test(hints, "leaves no row for longer than some minutes")]
  }
]
