/**
 * Mutants of what a worker tells of itself: its probes, and its counts.
 */
import { type Mutant, test } from "./Mutant.ts"

const stuck = test("observe/probes", "find a claim loop that is stuck within a minute")
const outage = test(
  "observe/probes",
  "find a worker not ready in an outage, which lives all the same"
)
const counts = test("engine/running/figures", "count each end of a run once, as the store has it")

export const ofProbes: ReadonlyArray<Mutant> = [
  {
    name: "stuck-claims-live",
    of: "liveProbe",
    changes: [{
      file: "src/domain/Probe.ts",
      from: "|| turnedAgo < stillMax",
      to: "|| true"
    }],
    by: [stuck]
  },
  {
    name: "alive-file-is-touched-anyway",
    of: "liveProbe",
    changes: [{
      file: "src/cli/process/AliveFile.ts",
      from: "status === \"ok\" ? touch(path) : Effect.void",
      to: "status === undefined ? Effect.void : touch(path)"
    }],
    by: [test("observe/probes", "touch a file no more once the claim loop is stuck")]
  },
  {
    name: "claims-count-as-waiting",
    of: "liveProbe",
    changes: [{
      file: "src/layers/worker/WorkLoop.ts",
      from: "yield* claims.round\n",
      to: "yield* watch.waiting(claims.round)\n"
    }],
    by: [stuck]
  },
  {
    name: "outage-kills",
    of: "liveProbe",
    changes: [{
      file: "src/layers/worker/MeasuredStore.ts",
      from: "watch.asking(counted(\"claim\", repo.claim(options)))",
      to: "counted(\"claim\", repo.claim(options))"
    }, {
      file: "src/domain/Probe.ts",
      from: "hasEnded || waitsFor !== undefined || turnedAgo",
      to: "hasEnded || turnedAgo"
    }],
    by: [test("observe/probes", "let a loop wait for the store, however long that takes")]
  },
  {
    name: "silent-store-is-ready",
    of: "readyProbe",
    changes: [{
      file: "src/domain/Probe.ts",
      from: "const ok = answeredAgo < silenceMax",
      to: "const ok = true"
    }, {
      file: "src/layers/worker/WorkerHandle.ts",
      from: "isTrusted: renewedAgo < trustedFor(lease)",
      to: "isTrusted: true"
    }],
    by: [outage]
  },
  {
    name: "blocked-counts-as-failed",
    of: "runCounts",
    changes: [{
      file: "src/domain/Figures.ts",
      from: "settlement.blocksLane ? \"blocked\" : \"failed\"",
      to: "\"failed\""
    }],
    by: [counts]
  },
  {
    name: "lost-runs-are-not-counted",
    of: "runCounts",
    changes: [{
      file: "src/layers/worker/RunRecorder.ts",
      from: "void tallies.ended(job, \"lost\")",
      to: "void job"
    }],
    by: [test(
      "engine/running/figures",
      "count a run whose lease was lost as that, and as nothing else"
    )]
  },
  {
    name: "jobs-taken-along-are-not-counted",
    of: "runCounts",
    changes: [{
      file: "src/layers/worker/RunRecorder.ts",
      from: "for (const other of run.settle(settlement)) tallies.ended(other, \"released\")",
      to: "run.settle(settlement)"
    }],
    by: [test(
      "engine/running/figures",
      "count the jobs that go back with an undone job of their lane"
    )]
  },
  {
    name: "gauges-that-outlive-a-failure",
    of: "gaugesOfLooks",
    changes: [{
      file: "src/observe/QueueSeries.ts",
      from: `{ "error.type": errorType }, 1)\n    this.#show([])`,
      to: `{ "error.type": errorType }, 1)`
    }],
    by: [
      test(
        "observe/queueMetrics",
        "are gone after a look that failed, which is counted and logged once"
      )
    ]
  }
]
