/**
 * Mutants of the life of a worker, and of the end of the embedded server.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofLives: ReadonlyArray<Mutant> = [
  {
    name: "no-self-fencing",
    of: "selfFencing",
    changes: [{
      file: "src/layers/worker/Heartbeat.ts",
      from: "      yield* onExpired\n",
      to: ""
    }],
    by: [test("engine/liveness/selfFencing", "breaks off its jobs with a key")]
  },
  {
    name: "signed-off-before-it-has-joined",
    of: "joinFirst",
    changes: [{
      file: "src/layers/worker/Heartbeat.ts",
      from: "    if (joining !== undefined) yield* Fiber.await(joining)\n",
      to: ""
    }],
    by: [test(
      "engine/liveness/takenForDead",
      "that is stopped while it joins leaves no worker behind"
    )]
  },
  {
    name: "hang-not-ended",
    of: "hangs",
    changes: [{
      file: "src/layers/postgres/watchdog/WatchdogThread.ts",
      from: "if (task.isHangFatal) process.kill",
      to: "if (task.hangLimit < 0) process.kill"
    }],
    by: [test("cli/supervisor", "goes on without a job that hangs")]
  },
  {
    name: "no-watchdog",
    of: "watchdog",
    changes: [{
      file: "src/layers/postgres/watchdog/Watchdog.ts",
      from: "if (program === undefined) return undefined",
      to: "if (program !== undefined) return undefined"
    }],
    by: [test("engine/liveness/watchdog", "is not taken for dead")]
  },
  {
    name: "watchdog-keeps-its-first-password",
    of: "watchdogConnection",
    changes: [{
      file: "src/layers/postgres/watchdog/WatchdogThread.ts",
      from: "connection = { ...connection, password }",
      to: "void password"
    }],
    by: [test("layers/watchdog", "renews with: ")]
  },
  {
    name: "any-thread-is-a-watchdog",
    of: "watchdogThread",
    changes: [{
      file: "src/layers/postgres/watchdog/WatchdogEntry.ts",
      from: `if (workerData?.pgq === "watchdog") `,
      to: ""
    }],
    by: [test("layers/watchdog", "ends at once when it is started as anything else")]
  },
  {
    name: "watchdog-without-a-function-of-its-client",
    of: "watchdogConnection",
    changes: [{
      file: "src/layers/postgres/watchdog/WatchdogConnection.ts",
      from: "if (setting !== undefined) return",
      to: "if (setting === \"\") return"
    }],
    by: [test("layers/watchdog", "does not start with: ")]
  },
  {
    name: "renewing-ends-with-a-defect",
    of: "defects",
    changes: [{
      file: "src/layers/worker/Heartbeat.ts",
      from: `    restartOnDefect("renewing", retryEvery(lease, true)),\n`,
      to: ""
    }],
    by: [test("engine/liveness/defects", "a worker renews, and works, although its ")]
  },
  {
    name: "told-twice-that-it-was-dead",
    of: "toldOnce",
    changes: [{
      file: "src/layers/worker/Heartbeat.ts",
      from: "joined === joinedBefore",
      to: "true"
    }],
    by: [test("layers/Heartbeat", "that has joined again since it asked")]
  },
  {
    name: "embedded-server-stopped-without-its-lock",
    of: "embeddedServer",
    changes: [{
      file: "src/layers/embedded/EmbeddedPostgres.ts",
      from: "isLast ? own?.stop ?? Process.stopOther(dataDir, pid) : own?.keep ?? Effect.void",
      to:
        "own === undefined\n            ? isLast ? Process.stopOther(dataDir, pid) : Effect.void\n            : isLast ? Effect.void : own.keep"
    }],
    by: [test("layers/EmbeddedPostgres", "lets nobody begin to use it")]
  },
  {
    name: "embedded-server-that-was-stopped-is-a-failure",
    of: "embeddedServer",
    changes: [{
      file: "src/layers/embedded/ServerProcess.ts",
      from: "child.exitCode === 0 ? stopped(dataDir) : complaint(path, from)",
      to: "complaint(path, from)"
    }],
    by: [test("layers/EmbeddedPostgres", "stops it before it is used")]
  }
]
