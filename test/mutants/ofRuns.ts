/**
 * Mutants of how runs are interrupted, and of what follows from their errors.
 */
import { type Mutant, test } from "./Mutant.ts"

const timeouts = "engine/running/timeouts"

export const ofRuns: ReadonlyArray<Mutant> = [
  {
    name: "handler-awaits-a-job-behind-its-own",
    of: "ownJobs",
    changes: [{
      file: "src/domain/OwnJob.ts",
      from: "isRunning && (id === job.id",
      to: "isRunning && (false"
    }, {
      file: "src/domain/OwnJob.ts",
      from: "key === job.key && queue",
      to: "false && queue"
    }],
    by: [test(
      "engine/running/awaitingHandlers",
      "for a job of its own key is told so at once, in whatever way it waits"
    )]
  },
  {
    name: "key-of-an-awaited-job-is-read-once",
    of: "ownJobs",
    changes: [{
      file: "src/services/Waiters.ts",
      from: "isToldOf: own.length > 0",
      to: "isToldOf: false"
    }],
    by: [test(
      "engine/running/awaitingHandlers",
      "is told of a job that comes behind its own only later"
    )]
  },
  {
    name: "time-of-a-run-counts-from-its-claim",
    of: "timeout",
    changes: [{
      file: "src/layers/worker/Deadlines.ts",
      from: "const at = now() + limit",
      to: "const at = run.claimedAt + limit"
    }],
    by: [test(timeouts, "a run is interrupted when its time is up, counted from its own start")]
  },
  {
    name: "deadline-of-the-first-limit-is-the-only-one",
    of: "timeout",
    changes: [{
      file: "src/layers/worker/Deadlines.ts",
      from: "if (at >= timerEndsAt) return",
      to: "if (timerEndsAt < Infinity) return"
    }],
    by: [test(timeouts, "each kind has its own limit")]
  },
  {
    name: "interrupted-run-keeps-the-rest-of-its-lane",
    of: "interruption",
    changes: [{
      file: "src/layers/worker/Slots.ts",
      from: "if (isInterrupted && !run.isLost && run.next !== undefined) backlog.putBack(run)",
      to: ""
    }],
    by: [test(timeouts, "the others of a lane's run go on in their order when one is timed out")]
  },
  {
    name: "interrupted-fiber-takes-the-next-job",
    of: "interruption",
    changes: [{
      file: "src/layers/worker/Slots.ts",
      from: "if (isInterrupted) return",
      to: ""
    }],
    by: [test(timeouts, "the others of a lane's run go on in their order when one is timed out")]
  },
  {
    name: "last-reason-counts",
    of: "interruption",
    changes: [{
      file: "src/layers/worker/LaneRun.ts",
      from: "if (this.#interruption === undefined || why === \"lost\") this.#interruption = why",
      to: "this.#interruption = why"
    }],
    by: [test(timeouts, "a timed out run is released if the worker had stopped before")]
  },
  {
    name: "interruption-wins-over-success",
    of: "interruption",
    changes: [{
      file: "src/domain/Decide.ts",
      from: "if (Exit.isSuccess(exit)) return completedWith",
      to: "if (Exit.isSuccess(exit)) return interruption ? Settlement.Released() : completedWith"
    }],
    by: [test(timeouts, "a run that succeeds although its time is up is completed")]
  },
  {
    name: "stuck-run-is-never-told-of",
    of: "stuck",
    changes: [{
      file: "src/layers/worker/RunLimits.ts",
      from: "if (run.current !== undefined) stuck.begin(run, stuckMillis)",
      to: ""
    }],
    by: [test(timeouts, "a promise that ignores its signal is stuck, and keeps its slot")]
  },
  {
    name: "class-of-an-error-decides",
    of: "rules",
    changes: [{
      file: "src/domain/ErrorMembers.ts",
      from: "Predicate.isTagged(value, tag)",
      to: "value instanceof Error && Predicate.isTagged(value, tag)"
    }],
    by: [test("domain/Decide", "falls under the rule of an error that is no instance of its class")]
  }
]
