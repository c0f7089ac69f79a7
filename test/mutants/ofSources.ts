/**
 * Mutants of what a process does.
 */
import { killed, type Mutant } from "./Mutant.ts"

export const ofSources: ReadonlyArray<Mutant> = [
  {
    name: "queues-served-by-their-places",
    changes: [{ file: "src/domain/Turns.ts", from: "return behind + 1", to: "return 1" }],
    test: killed("domain/Turns", "are even between")
  },
  {
    name: "one-lease-keeps-all-back",
    changes: [{
      file: "src/layers/postgres/PgScheduler.ts",
      from: "jobsMax = 1\n",
      to: "jobsMax = rescuedMax\n"
    }],
    test: killed("engine/rescuing", "go back although one that holds few")
  },
  {
    name: "sent-again-without-a-word",
    changes: [{
      file: "src/layers/worker/SettlementSender.ts",
      from: "const options = { isRepeat: counts.isRepeat }",
      to: "const options = { isRepeat: false }"
    }],
    test: killed("engine/refusedSettlements", "says so when it sends a batch again")
  },
  {
    name: "listens-again-without-a-look",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: `    yield* PubSub.publish(wakes, { _tag: "Everything" })\n`,
      to: ""
    }],
    test: killed("layers/PgNotifier", "says to look at everything whenever it listens again")
  },
  {
    name: "listener-comes-first",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: "    yield* roomForWork\n",
      to: ""
    }],
    test: killed("layers/PgNotifier", "listens only where there is a connection for the work")
  },
  {
    name: "listener-keeps-the-last-connection",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: "[forward, heartbeat, makeRoom]",
      to: "[forward, heartbeat]"
    }],
    test: killed(
      "connections/crowded",
      "a server with one connection to spare, which its listener has"
    )
  },
  {
    name: "believes-a-cancelled-wait-for-a-standby",
    changes: [{
      file: "src/layers/postgres/PgEnqueue.ts",
      from: " - since >= suspicious",
      to: " < 0"
    }],
    test: killed("connections/standbys", "is told of when a standby has it, even after")
  },
  {
    name: "settlement-sent-once",
    changes: [{
      file: "src/layers/worker/SettlementSender.ts",
      from: "isTransient && answers < (isApart ? 1 : answersMax)",
      to: "isTransient && answers < 0"
    }, {
      file: "src/layers/worker/SettlementSender.ts",
      from: "error.isTransient ? sendApart(batch)",
      to: "error.isTransient ? Effect.sync(() => (counts.refused++, []))"
    }],
    test: killed("engine/lostAnswers", "sends settlements again until they have arrived")
  },
  {
    name: "lease-given-up-while-its-job-runs",
    changes: [{
      file: "src/layers/worker/Shutdown.ts",
      from: "    if (leftBehind.length > 0) return leftBehind\n",
      to: ""
    }],
    test: killed("engine/cleanStops", "with jobs that would not stop has left them leased")
  },
  {
    name: "lease-counted-from-the-start-of-the-statement",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "lease_until = clock_timestamp() + lease",
      to: "lease_until = now() + lease"
    }],
    test: killed("interleaving/leases", "last from when a renewal that waited for a claim goes on")
  },
  {
    name: "signals-caught-when-all-is-loaded",
    changes: [{
      file: "src/cli/bin.ts",
      from: `SignalLatch.install()
void import("./main.ts").then(({ main }) => main())`,
      to: `void import("./main.ts").then(({ main }) => {
  SignalLatch.install()
  main()
})`
    }],
    test: killed("cli/start", "a signal that comes before anything else is read is caught")
  },
  {
    name: "nul-in-an-error",
    changes: [{
      file: "src/domain/ErrorText.ts",
      from: `.replaceAll("\\0", "\\uFFFD")`,
      to: ""
    }],
    test: killed("engine/errors", "is stored without what PostgreSQL refuses")
  },
  {
    name: "exit-code-0-taken-for-a-stop",
    changes: [{
      file: "src/cli/process/Child.ts",
      from: "code === 0 && hasStopped",
      to: "code === 0"
    }],
    test: killed("cli/pills", "exits with 0")
  },
  {
    name: "due-job-that-is-held-asked-for-without-a-pause",
    changes: [{
      file: "src/layers/worker/Maintenance.ts",
      from: "isBehind ? pause :",
      to: "isBehind ? 0 :"
    }],
    test: killed(
      "layers/Maintenance",
      "asks more and more slowly for a due job that somebody holds"
    )
  },
  {
    name: "one-try-to-sign-off",
    changes: [{
      file: "src/layers/worker/Shutdown.ts",
      from: `    Effect.retry(Backoff.schedule({ base: "100 millis", cap: bounds.signOff })),\n`,
      to: ""
    }],
    test: killed("cli/signOff", "signs off once the server can be reached again")
  },
  {
    name: "settlements-wait-for-one-whose-row-is-held",
    changes: [{
      file: "src/layers/postgres/PgSettle.ts",
      from: "({ code }) => code === lockTimeout",
      to: "() => false"
    }, {
      file: "src/layers/worker/SettlementSender.ts",
      from: "isTransient && answers < (isApart ? 1 : answersMax)",
      to: "isTransient"
    }],
    test: killed("engine/rowLocks", "records the others meanwhile")
  },
  {
    name: "doubts-kept-after-a-renewal",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "clock_timestamp() + lease, late_since = NULL",
      to: "clock_timestamp() + lease"
    }],
    test: killed("interleaving/leases", "are left to who is late at first sight")
  },
  {
    name: "enqueue-sent-again-without-its-receipt",
    changes: [{
      file: "src/layers/postgres/PgEnqueue.ts",
      from: "insertOnce(jobs, receipt)",
      to: "Effect.suspend(() => insertOnce(jobs, randomUUID()))"
    }],
    test: killed("connections/enqueue", "a statement that goes on although")
  },
  {
    name: "enqueue-not-asked-again",
    changes: [{
      file: "src/layers/postgres/PgEnqueue.ts",
      from: "isOutcomeUnknown && isTransient",
      to: "false"
    }],
    test: killed("connections/enqueue", "that is cut after so many bytes")
  },
  {
    name: "claim-of-an-older-life-started",
    changes: [{
      file: "src/layers/worker/ClaimLoop.ts",
      from: "if (rejoins === rejoinsBefore) runs.add(jobs)",
      to: "if (rejoins >= rejoinsBefore) runs.add(jobs)"
    }],
    test: killed(
      "engine/lostAnswers",
      "starts nothing that it claimed before it was taken for dead"
    )
  },
  {
    name: "deaf-child-waited-for",
    changes: [{
      file: "src/cli/process/Supervisor.ts",
      from: "    Effect.andThen(Children.killDeaf(children)),\n",
      to: ""
    }],
    test: killed("cli/supervisor", "kills a child that does not hear of a cancel")
  },
  {
    name: "working-ends-with-a-defect",
    changes: [{
      file: "src/layers/worker/Worker.ts",
      from: `restartOnDefect("working")(work(parts))`,
      to: "work(parts)"
    }],
    test: killed("engine/defects", "each job runs once although a ")
  },
  {
    name: "settling-ends-with-a-defect",
    changes: [{
      file: "src/layers/worker/SettlementSender.ts",
      from: "      Effect.catchDefect(refusal),\n",
      to: ""
    }],
    test: killed("engine/refusedSettlements", "settles the rest of a batch with one that whoever")
  },
  {
    name: "refusal-believed-at-once",
    changes: [{
      file: "src/domain/Refusal.ts",
      from: "isDoubtful(error) && !batch.isCertain",
      to: "isDoubtful(error) && false"
    }],
    test: killed("engine/defects", "each job runs once although a ")
  },
  {
    name: "listening-ends-with-a-defect",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: `    restartOnDefect("listening"),\n`,
      to: ""
    }],
    test: killed("layers/PgNotifier", "listens although it has met a defect once")
  },
  {
    name: "claim-fetches-all-payloads",
    changes: [{
      file: "src/layers/postgres/PgClaim.ts",
      from: "= 8 * payloadBytesMax",
      to: "= 1000 * payloadBytesMax"
    }],
    test: killed("engine/largePayloads", "come with their payloads for as long as there is room")
  },
  {
    name: "run-without-its-payload",
    changes: [{
      file: "src/layers/worker/LaneRunner.ts",
      from: " || payload === undefined) {",
      to: ") {"
    }],
    test: killed("engine/largePayloads", "a lane's run goes on as far as there are payloads")
  },
  {
    name: "full-notify-queue-believed",
    changes: [{
      file: "src/layers/postgres/PgError.ts",
      from: "isTransientCode(code) || isNotifyQueueFull(error, code)",
      to: "isTransientCode(code)"
    }],
    test: killed(
      "layers/PgError",
      "54000 may be over later when the queue of notifications is full"
    )
  },
  {
    name: "check-keeps-what-it-tried",
    changes: [{
      file: "src/cli/commands/Finding.ts",
      from: "Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(effect), Effect.fail)))",
      to: "sql.withTransaction(Effect.exit(effect))"
    }],
    test: killed("cli/check", "leaves nothing, not even a gap in the ids")
  },
  {
    name: "run-recorded-past-a-held-row",
    changes: [{
      file: "src/layers/worker/Outbox.ts",
      from: "if (this.#deferred.length === 0) return batch",
      to: "return batch"
    }],
    test: killed("engine/leasedLanes", "stays finished when the next one of its run ")
  }
]
