/**
 * Mutants of operations: steps for many jobs at once, and their undo.
 */
import { type Mutant, test } from "./Mutant.ts"

const file = "sql/0024_operations.sql"
const steps = "('redriven', 'retried', 'cancelled', 'discarded', 'edited')"

export const ofOperations: ReadonlyArray<Mutant> = [
  {
    name: "operation-on-jobs-like-the-planned",
    of: "plannedJobs",
    changes: [{
      file,
      from: "FROM discard(ids) AS done",
      to: "FROM discard(ARRAY(SELECT j.id FROM jobs AS j WHERE j.queue IN (" +
        "SELECT queue FROM operation_items WHERE operation_id = op.id))) AS done"
    }],
    by: [test("interleaving/operations", "leaves a job alone that was added after the plan")]
  },
  {
    name: "operation-on-leased-jobs",
    of: "leasesOfOperations",
    changes: [
      { file, from: "ARRAY(SELECT unnest(job_ids) FROM leases);\n  locked", to: "'{}';\n  locked" },
      { file, from: "WHEN l.worker_id IS NOT NULL THEN", to: "WHEN false THEN" },
      { file, from: "op.reason, ARRAY['waiting'], NULL", to: "op.reason, NULL, NULL" }
    ],
    by: [test("interleaving/operations", "skips a job that a worker has claimed since the plan")]
  },
  {
    name: "items-that-two-servers-take",
    of: "itemsOfOperations",
    changes: [{
      file,
      from: "result IS NULL\n    ORDER BY job_id LIMIT jobs_max FOR UPDATE SKIP LOCKED",
      to: "result IS NULL\n    ORDER BY job_id LIMIT jobs_max"
    }],
    by: [test("interleaving/operations", "meets each job once, however many servers run it")]
  },
  {
    name: "undo-beside-a-chunk",
    of: "stateOfOperations",
    changes: [{ file, from: "state = 'running' FOR SHARE", to: "state = 'running'" }],
    by: [
      test("interleaving/operations", "waits with a stop and with an undo for the chunk under way")
    ]
  },
  {
    name: "chunk-of-an-operation-that-does-not-run",
    of: "stateOfOperations",
    changes: [{ file, from: "AND state = 'running' FOR SHARE", to: "FOR SHARE" }],
    by: [
      test(
        "interleaving/operations",
        "does nothing a second time, after a stop, or while it is undone"
      )
    ]
  },
  {
    name: "undone-twice",
    of: "singleUndo",
    changes: [
      {
        file,
        from: `undone IS NULL\n      AND result IN ${steps}\n    ORDER BY`,
        to: `undone IS DISTINCT FROM 'changed'\n      AND result IN ${steps}\n    ORDER BY`
      },
      { file, from: "state IN ('running', 'stopped', 'done')", to: "state <> 'planned'" }
    ],
    by: [test("interleaving/undo", "does nothing a second time")]
  },
  {
    name: "undone-over-another-change",
    of: "singleUndo",
    changes: [{
      file,
      from: "WHEN fingerprint(item.job_id) <> item.after THEN",
      to: "WHEN false THEN"
    }],
    by: [
      test(
        "interleaving/undo",
        "gives edited jobs their values back, but for those that were changed since"
      )
    ]
  },
  {
    name: "undone-after-another-end",
    of: "singleUndo",
    changes: [
      {
        file,
        from: "outcome = item.result AND finished_at = item.finished_at",
        to: "outcome = item.result"
      },
      {
        file,
        from: "outcome = ($1).result AND finished_at = ($1).finished_at",
        to: "outcome = ($1).result"
      }
    ],
    by: [
      test("interleaving/undo", "changes nothing of a job that was discarded a second time since")
    ]
  },
  {
    name: "undone-while-it-runs",
    of: "leasesOfUndos",
    changes: [{
      file,
      from: "WHEN answer IS NOT NULL THEN answer",
      to: "WHEN answer = 'gone' THEN answer"
    }],
    by: [test("interleaving/undo", "leaves jobs alone that a worker has, or that have ended")]
  },
  {
    name: "head-that-comes-back",
    of: "finalEnds",
    changes: [{
      file,
      from: "aside.is_aside OR j.state <> 'retry' OR j.serialization_key IS NULL",
      to: "true"
    }],
    by: [
      test(
        "interleaving/undo",
        "cannot bring the head back that a lane waited for, as the plan has said"
      )
    ]
  },
  {
    name: "run-that-ends-with-its-client",
    of: "runsOfServers",
    changes: [{
      file: "src/http/OperationsLive.ts",
      from: "Effect.flatMap(Effect.forkIn(step, scope), Fiber.join)",
      to: "step"
    }],
    by: [test("http/operations", "are run to their end if the client leaves")]
  }
]
