/**
 * Mutants of the looks at a schema: their bounds.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofInsight: ReadonlyArray<Mutant> = [
  {
    name: "look-that-may-walk-through-tables",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/BoundedReads.ts",
      from: "set_config('enable_seqscan', 'off', true)",
      to: "set_config('enable_seqscan', 'on', true)"
    }, {
      file: "src/layers/postgres/BoundedReads.ts",
      from: "set_config('enable_bitmapscan', 'off', true)",
      to: "set_config('enable_bitmapscan', 'on', true)"
    }],
    by: [test("plans/insight", "never analysed")]
  },
  {
    name: "look-that-waits-for-a-lock",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/BoundedReads.ts",
      from: `code === "57014" || code === "55P03"`,
      to: `code === "57014"`
    }],
    by: [test(
      "engine/control/insight",
      "tells what it can see while a lock keeps it from the jobs"
    )]
  },
  {
    name: "look-that-leaves-its-settings",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/BoundedReads.ts",
      from: "Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(reads), Effect.fail)))",
      to: "sql.withTransaction(Effect.exit(reads))"
    }],
    by: [test(
      "engine/control/insight",
      "takes part in the caller's transaction, and leaves its settings alone"
    )]
  },
  {
    name: "look-at-failures-without-end",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/PgFailureReads.ts",
      from: "ORDER BY ctid DESC LIMIT ${limit}::integer",
      to: "ORDER BY ctid DESC LIMIT greatest(${limit}::integer, 1000000)"
    }],
    by: [test("plans/failures", "many have failed, analysed")]
  },
  {
    name: "look-at-failures-that-promises-too-much",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/PgFailureReads.ts",
      from: "since: isWhole ? wanted : Math.max(since, wanted)",
      to: "since: wanted"
    }],
    by: [test("plans/failures", "promises no more than it has seen")]
  },
  {
    name: "look-at-a-lane-without-end",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/PgLaneReads.ts",
      from: "LIMIT ${LaneView.behindMax}::integer + 2",
      to: "LIMIT greatest(${LaneView.behindMax}::integer, 1000000)"
    }],
    by: [test("plans/lanes", "analysed when full")]
  },
  {
    name: "look-at-the-longest-lanes-of-all-pages",
    of: "boundedReads",
    changes: [{
      file: "src/layers/postgres/PgLongLanes.ts",
      from: "const share = Math.min(1, pagesMax / Math.max(size?.pages ?? 1, 1))",
      to: "const share = 1"
    }],
    by: [test("plans/lanes", "is found among the longest by a sample")]
  }
]
