/**
 * Mutants of how a worker stays alive, and how the embedded server ends.
 */
import { killed, type Mutant } from "./Mutant.ts"

export const ofLives: ReadonlyArray<Mutant> = [
  {
    name: "no-self-fencing",
    changes: [{
      file: "src/layers/worker/Lifeline.ts",
      from: "      yield* onExpired\n",
      to: ""
    }],
    test: killed("engine/liveness/selfFencing", "breaks off its jobs with a key")
  },
  {
    name: "signed-off-before-it-has-joined",
    changes: [{
      file: "src/layers/worker/Lifeline.ts",
      from: "    if (joining !== undefined) yield* Fiber.await(joining)\n",
      to: ""
    }],
    test: killed(
      "engine/liveness/takenForDead",
      "that is stopped while it joins leaves no worker behind"
    )
  },
  {
    name: "hang-not-ended",
    changes: [{
      file: "src/layers/postgres/watchdog/PgStandInThread.ts",
      from: "if (task.isHangFatal) process.kill",
      to: "if (task.hangLimit < 0) process.kill"
    }],
    test: killed("cli/supervisor", "goes on without a job that hangs")
  },
  {
    name: "renewing-ends-with-a-defect",
    changes: [{
      file: "src/layers/worker/Lifeline.ts",
      from: `    keepGoing("renewing", retryEvery(lease, true)),\n`,
      to: ""
    }],
    test: killed("engine/liveness/defects", "a worker renews, and works, although its ")
  },
  {
    name: "told-twice-that-it-was-dead",
    changes: [{
      file: "src/layers/worker/Lifeline.ts",
      from: "joined === joinedBefore ? onBuried : Effect.void",
      to: "onBuried"
    }],
    test: killed("layers/Lifeline", "that has joined again since it asked")
  },
  {
    name: "embedded-server-stopped-without-its-lock",
    changes: [{
      file: "src/layers/embedded/EmbeddedPostgres.ts",
      from: "isLast ? own?.stop ?? Process.stopOther(dataDir, pid) : own?.keep ?? Effect.void",
      to:
        "own === undefined\n            ? isLast ? Process.stopOther(dataDir, pid) : Effect.void\n            : isLast ? Effect.void : own.keep"
    }],
    test: killed("layers/EmbeddedPostgres", "lets nobody begin to use it")
  },
  {
    name: "embedded-server-that-was-stopped-is-a-failure",
    changes: [{
      file: "src/layers/embedded/EmbeddedProcess.ts",
      from: "child.exitCode === 0 ? stopped(dataDir) : complaint(path, from)",
      to: "complaint(path, from)"
    }],
    test: killed("layers/EmbeddedPostgres", "stops it before it is used")
  }
]
