/**
 * Mutants of the work of a process.
 */
import { model, type Mutant, test } from "./Mutant.ts"

export const ofSources: ReadonlyArray<Mutant> = [
  {
    name: "queues-served-by-their-places",
    of: "turns",
    changes: [{ file: "src/domain/Turns.ts", from: "return behind + 1", to: "return 1" }],
    by: [test("domain/Turns", "are even between")]
  },
  {
    name: "one-lease-keeps-all-back",
    of: "boundOfRescue",
    changes: [{
      file: "src/layers/postgres/PgScheduler.ts",
      from: "jobsMax = 1\n",
      to: "jobsMax = rescuedMax\n"
    }],
    by: [test("engine/maintenance/rescuing", "go back although one that holds few")]
  },
  {
    name: "sent-again-without-a-word",
    of: "repeat",
    changes: [{
      file: "src/layers/worker/SettlementSender.ts",
      from: "const options = { isRepeat: counts.isRepeat }",
      to: "const options = { isRepeat: false }"
    }],
    by: [test("engine/settling/refusedSettlements", "says so when it sends a batch again")]
  },
  {
    name: "listens-again-without-a-look",
    of: "lookAfterListen",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: `    yield* PubSub.publish(wakes, { _tag: "Everything" })\n`,
      to: ""
    }],
    by: [test("layers/PgNotifier", "says to look at everything whenever it listens again")]
  },
  {
    name: "listener-comes-first",
    of: "roomForWork",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: "    yield* roomForWork\n",
      to: ""
    }],
    by: [test("layers/PgNotifier", "listens only where there is a connection for the work")]
  },
  {
    name: "listener-keeps-the-last-connection",
    of: "roomForWork",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: "[forward, heartbeat, makeRoom]",
      to: "[forward, heartbeat]"
    }],
    by: [test(
      "connections/crowded",
      "a server with one connection to spare, which its listener has"
    )]
  },
  {
    name: "believes-a-cancelled-wait-for-a-standby",
    of: "standby",
    changes: [{
      file: "src/layers/postgres/PgEnqueue.ts",
      from: " - since >= suspicious",
      to: " < 0"
    }],
    by: [test("connections/standbys", "is told of when a standby has it, even after")]
  },
  {
    name: "settlement-sent-once",
    of: "retriedSettlement",
    changes: [{
      file: "src/layers/worker/SettlementSender.ts",
      from: "isTransient && answers < (isApart ? 1 : answersMax)",
      to: "isTransient && answers < 0"
    }, {
      file: "src/layers/worker/SettlementSender.ts",
      from: "error.isTransient ? sendApart(batch)",
      to: "error.isTransient ? Effect.sync(() => (counts.refused++, []))"
    }],
    by: [test("engine/settling/lostAnswers", "sends settlements again until they have arrived")]
  },
  {
    name: "lease-given-up-while-its-job-runs",
    of: "stubbornJobs",
    changes: [{
      file: "src/layers/worker/Shutdown.ts",
      from: "    if (leftBehind.length > 0) return leftBehind\n",
      to: ""
    }],
    by: [test("engine/stopping/cleanStops", "with jobs that would not stop has left them leased")]
  },
  {
    name: "lease-counted-from-the-start-of-the-statement",
    of: "runningClock",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "lease_until = clock_timestamp() + lease",
      to: "lease_until = now() + lease"
    }],
    by: [test("interleaving/leases", "last from when a renewal that waited for a claim goes on")]
  },
  {
    name: "signals-caught-when-all-is-loaded",
    of: "earlySignals",
    changes: [{
      file: "src/cli/bin.ts",
      from: "SignalLatch.install()\n",
      to: ""
    }, {
      file: "src/cli/bin.ts",
      from: ".then(({ main }) => main(), MissingPackage.end)",
      to: ".then(({ main }) => (SignalLatch.install(), main()), MissingPackage.end)"
    }],
    by: [
      test("cli/start", "a signal that comes before anything else is read is caught"),
      model("stopSignals", "TOO_EARLY", "violated")
    ]
  },
  {
    name: "nul-in-an-error",
    of: "errorTexts",
    changes: [{
      file: "src/domain/ErrorText.ts",
      from: `.replaceAll("\\0", "\\uFFFD")`,
      to: ""
    }],
    by: [test("engine/running/errors", "is stored without what PostgreSQL refuses")]
  },
  {
    name: "exit-code-0-taken-for-a-stop",
    of: "lastWord",
    changes: [{
      file: "src/cli/process/Child.ts",
      from: "code === 0 && hasStopped",
      to: "code === 0"
    }],
    by: [test("cli/pills", "exits with 0")]
  },
  {
    name: "due-job-that-is-locked-asked-for-without-a-pause",
    of: "calm",
    changes: [{
      file: "src/layers/worker/Maintenance.ts",
      from: "isBehind ? pause :",
      to: "isBehind ? 0 :"
    }],
    by: [test(
      "layers/Maintenance",
      "asks more and more slowly for a due job that somebody holds"
    )]
  },
  {
    name: "one-try-to-sign-off",
    of: "signOff",
    changes: [{
      file: "src/layers/worker/Shutdown.ts",
      from: `    Effect.retry(Backoff.schedule({ base: "100 millis", cap: bounds.signOff })),\n`,
      to: ""
    }],
    by: [test("cli/signOff", "signs off once the server can be reached again")]
  },
  {
    name: "settlements-wait-for-one-whose-row-is-locked",
    of: "passingBy",
    changes: [{
      file: "src/layers/postgres/PgSettle.ts",
      from: "({ code }) => code === lockTimeout",
      to: "() => false"
    }, {
      file: "src/layers/worker/SettlementSender.ts",
      from: "isTransient && answers < (isApart ? 1 : answersMax)",
      to: "isTransient"
    }],
    by: [test("engine/settling/rowLockedJobs", "records the others meanwhile")]
  },
  {
    name: "suspicion-kept-after-a-renewal",
    of: "lateness",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "clock_timestamp() + lease, late_since = NULL",
      to: "clock_timestamp() + lease"
    }],
    by: [test("interleaving/leases", "are left to who is late at first sight")]
  },
  {
    name: "enqueue-sent-again-without-its-receipt",
    of: "receipt",
    changes: [{
      file: "src/layers/postgres/PgEnqueue.ts",
      from: "insertOnce(jobs, receipt)",
      to: "Effect.suspend(() => insertOnce(jobs, randomUUID()))"
    }],
    by: [test("connections/enqueue", "a statement that goes on although")]
  },
  {
    name: "enqueue-not-asked-again",
    of: "receipt",
    changes: [{
      file: "src/layers/postgres/PgEnqueue.ts",
      from: "isOutcomeUnknown && isTransient",
      to: "false"
    }],
    by: [test("connections/enqueue", "that is cut after so many bytes")]
  },
  {
    name: "claim-of-an-older-life-started",
    of: "olderLife",
    changes: [{
      file: "src/layers/worker/ClaimLoop.ts",
      from: "if (rejoins !== rejoinsBefore) {",
      to: "if (rejoins < rejoinsBefore) {"
    }],
    by: [
      test(
        "engine/settling/lostAnswers",
        "starts nothing that it claimed before it was taken for dead"
      ),
      test(
        "engine/claiming/missedWakeUps",
        "falls asleep anew when a claim is answered after it has registered again"
      ),
      model("waking", "JOBS=2 DEATHS=1 LEARNS_OF_AN_OLDER_LIFE", "stuck")
    ]
  },
  {
    name: "deaf-child-waited-for",
    of: "deafChildren",
    changes: [{
      file: "src/cli/process/Supervisor.ts",
      from: "    Effect.andThen(Children.killDeaf(children)),\n",
      to: ""
    }],
    by: [test("cli/supervisor", "kills a child that does not hear of a cancel")]
  },
  {
    name: "working-ends-with-a-defect",
    of: "defects",
    changes: [{
      file: "src/layers/worker/Worker.ts",
      from: `restartOnDefect("working")(WorkLoop.work(parts))`,
      to: "WorkLoop.work(parts)"
    }],
    by: [test("engine/liveness/defects", "each job runs once although a ")]
  },
  {
    name: "settling-ends-with-a-defect",
    of: "defectsOfSettling",
    changes: [{
      file: "src/layers/worker/SettlementSender.ts",
      from: "      Effect.catchDefect(refusal),\n",
      to: ""
    }],
    by: [test(
      "engine/settling/refusedSettlements",
      "settles the rest of a batch with one that whoever"
    )]
  },
  {
    name: "refusal-believed-at-once",
    of: "defectsOfSettling",
    changes: [{
      file: "src/domain/Refusal.ts",
      from: "isDoubtful(error) && !batch.isCertain",
      to: "isDoubtful(error) && false"
    }],
    by: [test("engine/liveness/defects", "each job runs once although a ")]
  },
  {
    name: "listening-ends-with-a-defect",
    of: "defects",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: `    restartOnDefect("listening"),\n`,
      to: ""
    }],
    by: [test("layers/PgNotifier", "listens although it has met a defect once")]
  },
  {
    name: "claim-fetches-all-payloads",
    of: "boundOfPayloads",
    changes: [{
      file: "src/layers/postgres/PgClaim.ts",
      from: "= 8 * payloadBytesMax",
      to: "= 1000 * payloadBytesMax"
    }],
    by: [test(
      "engine/claiming/largePayloads",
      "come with their payloads for as long as there is room"
    )]
  },
  {
    name: "run-without-its-payload",
    of: "missingPayloads",
    changes: [{
      file: "src/layers/worker/LaneRunner.ts",
      from: "!backlog.isOpen || payload === undefined || run",
      to: "!backlog.isOpen || run"
    }],
    by: [test(
      "engine/claiming/largePayloads",
      "a lane's run goes on as far as there are payloads"
    )]
  },
  {
    name: "full-notify-queue-believed",
    of: "retriedSettlement",
    changes: [{
      file: "src/layers/postgres/PgError.ts",
      from: "isTransientCode(code) || isNotifyQueueFull(error, code)",
      to: "isTransientCode(code)"
    }],
    by: [test(
      "layers/PgError",
      "54000 may be over later when the queue of notifications is full"
    )]
  },
  {
    name: "check-keeps-what-it-tried",
    of: "check",
    changes: [{
      file: "src/cli/commands/Finding.ts",
      from: "Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(effect), Effect.fail)))",
      to: "sql.withTransaction(Effect.exit(effect))"
    }],
    by: [test("cli/check", "leaves nothing, not even a gap in the ids")]
  },
  {
    name: "run-recorded-past-a-locked-row",
    of: "yielding",
    changes: [{
      file: "src/layers/worker/Outbox.ts",
      from: "if (this.#deferred.length === 0) return batch",
      to: "return batch"
    }],
    by: [test("engine/settling/rowLockedRuns", "stays finished when the next one of its run ")]
  }
]
