/**
 * Mutants of requests that workers stop.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofStops: ReadonlyArray<Mutant> = [
  {
    name: "stopped-by-a-word-for-another-life",
    of: "requestsToStop",
    changes: [{
      file: "src/layers/worker/Heartbeat.ts",
      from: "if (isThisLife && renewal.asked !== undefined)",
      to: "if (renewal.asked !== undefined)"
    }],
    by: [test("layers/Heartbeat", "is not stopped by a word for its life before")]
  },
  {
    name: "stop-mode-steps-back",
    of: "requestsToStop",
    changes: [{
      file: "sql/0014_by_operators.sql",
      from: "coalesce(array_position(modes, asked), 0) < array_position(modes, stop_mode)",
      to: "coalesce(array_position(modes, asked), 0) <> array_position(modes, stop_mode)"
    }],
    by: [test("engine/stopping/asked", "is never asked to stop more mildly than before")]
  }
]
