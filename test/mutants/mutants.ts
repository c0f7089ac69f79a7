/**
 * Changes to pgq, each of which takes out one thing that its promise rests on, and the test that must
 * notice. `test/properties` and `test/model` have mutants of their own; `docs/reliability.md` lists all.
 */
export interface Mutant {
  readonly name: string
  readonly changes: ReadonlyArray<Change>
  readonly test: { readonly file: string; readonly name: string }
}

export interface Change {
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
}

const killed = (file: string, name: string) => ({ file: `test/${file}.test.ts`, name })

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "listens-again-without-a-look",
    changes: [{
      file: "src/layers/PgNotifier.ts",
      from: `    yield* PubSub.publish(wakes, { _tag: "Everything" })\n`,
      to: ""
    }],
    test: killed("layers/PgNotifier", "says to look at everything whenever it listens again")
  },
  {
    name: "settlement-sent-once",
    changes: [{
      file: "src/layers/Settler.ts",
      from: "isTransient && code !== lockTimeout",
      to: "isTransient && false"
    }, {
      file: "src/layers/Settler.ts",
      from: "batch.length === 1",
      to: "batch.length > 0"
    }],
    test: killed("engine/lostAnswers", "sends settlements again until they have arrived")
  },
  {
    name: "lease-given-up-while-its-job-runs",
    changes: [{
      file: "src/layers/Worker.ts",
      from: "    if (leftBehind.length > 0) return leftBehind\n",
      to: ""
    }],
    test: killed("engine/cleanStops", "with jobs that would not stop has left them leased")
  },
  {
    name: "lease-counted-from-the-start-of-the-statement",
    changes: [{
      file: "src/layers/PgWorkerRegistry.ts",
      from: "greatest(lease_until, clock_timestamp() + lease)",
      to: "greatest(lease_until, now() + lease)"
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
    name: "two-jobs-of-a-key-claimed",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "j.state = 'ready' AND j.id NOT IN",
      to: "j.state IN ('ready', 'waiting') AND j.id NOT IN"
    }],
    test: killed("interleaving/claims", "leave no job of a key to a second claim")
  },
  {
    name: "rescue-of-what-is-just-being-settled",
    changes: [{
      file: "sql/0006_caretaking.sql",
      from: "    FOR UPDATE SKIP LOCKED\n  LOOP",
      to: "  LOOP"
    }],
    test: killed("interleaving/leases", "that are just being settled are left by a rescue")
  },
  {
    name: "crash-forgets-leases-of-keys",
    changes: [{ file: "sql/0004_claim.sql", from: "IF NOT is_keyed THEN", to: "IF true THEN" }],
    test: killed("soak/crash", "forgets no lease of jobs with a key")
  },
  {
    name: "no-order-check",
    changes: [{ file: "sql/0004_claim.sql", from: ") IS NOT TRUE)", to: ") IS NOT TRUE OR true)" }],
    test: killed("soak/overtaken", "leaves a job whose lane has a more urgent one")
  },
  {
    name: "no-self-fencing",
    changes: [{
      file: "src/layers/Lifeline.ts",
      from: "      yield* onExpired\n",
      to: ""
    }],
    test: killed("engine/fenced", "breaks off its jobs with a key")
  },
  {
    name: "suspects-left-without-a-word",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "    PERFORM wake(q);\n",
      to: ""
    }],
    test: killed("interleaving/wakes", "tell who passed by the jobs of a dead worker")
  },
  {
    name: "suspects-of-two-deaths-side-by-side",
    changes: [{
      file: "sql/0004_claim.sql",
      from: " OR NOT may_take(worker, picked[1])",
      to: ""
    }],
    test: killed(
      "engine/fencing",
      "that was the second for its jobs has each run where no other suspect is"
    )
  },
  {
    name: "exit-code-0-taken-for-a-stop",
    changes: [{
      file: "src/cli/Child.ts",
      from: "code === 0 && hasStopped",
      to: "code === 0"
    }],
    test: killed("cli/pills", "exits with 0")
  },
  {
    name: "settlements-wait-behind-a-prune",
    changes: [{
      file: "sql/0008_function_settings.sql",
      from: "prune_completed() SET lock_timeout = '100ms'",
      to: "prune_completed() SET lock_timeout = '2s'"
    }],
    test: killed(
      "engine/history",
      "holds up no settlement while"
    )
  },
  {
    name: "due-job-that-is-held-asked-for-without-a-pause",
    changes: [{
      file: "src/layers/Caretaker.ts",
      from: "isBehind ? pause :",
      to: "isBehind ? 0 :"
    }],
    test: killed(
      "layers/Caretaker",
      "asks more and more slowly for a due job that somebody holds"
    )
  },
  {
    name: "no-reconciliation",
    changes: [{ file: "sql/0006_caretaking.sql", from: "id <> ALL (known)", to: "false" }],
    test: killed("engine/leases", "is handed back when the answer to its claim was lost")
  },
  {
    name: "signed-off-before-it-has-joined",
    changes: [{
      file: "src/layers/Lifeline.ts",
      from: "joining === undefined ? Effect.void : Fiber.await(joining)",
      to: "Effect.void"
    }],
    test: killed("engine/takeOver", "that is stopped while it joins leaves no worker behind")
  },
  {
    name: "one-try-to-sign-off",
    changes: [{
      file: "src/layers/Worker.ts",
      from: `      Effect.retry(Schedule.jittered(Schedule.exponential("100 millis"))),\n`,
      to: ""
    }],
    test: killed("cli/signOff", "signs off once the server can be reached again")
  },
  {
    name: "changes-by-hand-not-refused",
    changes: [{
      file: "sql/0002_enqueue.sql",
      from: "      PERFORM refuse_leased(OLD.queue, OLD.id);",
      to: "      NULL;"
    }],
    test: killed("interleaving/byHand", "a job of a run cannot be deleted, put off or moved")
  },
  {
    name: "claim-waits-for-who-holds-a-head",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "state || '' = 'waiting' FOR UPDATE SKIP LOCKED",
      to: "state || '' = 'waiting' FOR UPDATE"
    }],
    test: killed("interleaving/heldRows", "a claim passes by a lane whose first job")
  },
  {
    name: "lane-that-was-passed-by-forgotten",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "IF given < cardinality(heads) THEN",
      to: "IF false THEN"
    }],
    test: killed("interleaving/heldRows", "a settlement passes by the next of its lane")
  },
  {
    name: "settlements-wait-for-one-whose-row-is-held",
    changes: [{
      file: "src/layers/Settler.ts",
      from: "isTransient && code !== lockTimeout",
      to: "isTransient"
    }],
    test: killed("engine/heldRows", "records the others meanwhile")
  },
  {
    name: "rescue-waits-for-who-holds-a-row",
    changes: [{
      file: "sql/0006_caretaking.sql",
      from: "id = ANY (l.job_ids) FOR UPDATE SKIP LOCKED",
      to: "id = ANY (l.job_ids) FOR UPDATE"
    }],
    test: killed("interleaving/heldRows", "a rescue passes by a lease")
  },
  {
    name: "leave-takes-its-worker-first",
    changes: [{
      file: "sql/0006_caretaking.sql",
      from:
        "  PERFORM require_read_committed();\n  FOR l IN SELECT * FROM leases WHERE worker_id = worker ORDER",
      to:
        "  DELETE FROM workers WHERE id = worker;\n  FOR l IN SELECT * FROM leases WHERE worker_id = worker ORDER"
    }],
    test: killed("interleaving/deadlocks", "do not come of a worker that is buried")
  },
  {
    name: "dead-at-first-sight",
    changes: [{
      file: "sql/0006_caretaking.sql",
      from: "lease_until <= clock AND doubted_at + lease * 0.5 <= clock",
      to: "lease_until <= clock"
    }],
    test: killed("interleaving/leases", "are left to who is late at first sight")
  },
  {
    name: "doubts-kept-after-a-renewal",
    changes: [{
      file: "src/layers/PgWorkerRegistry.ts",
      from: "clock_timestamp() + lease), doubted_at = NULL",
      to: "clock_timestamp() + lease)"
    }],
    test: killed("interleaving/leases", "are left to who is late at first sight")
  },
  {
    name: "enqueue-sent-again-without-its-receipt",
    changes: [{
      file: "src/layers/PgEnqueue.ts",
      from: "(insertOnce(jobs, receipt))",
      to: "(Effect.suspend(() => insertOnce(jobs, randomUUID())))"
    }],
    test: killed("connections/enqueue", "a statement that goes on although")
  },
  {
    name: "enqueue-not-asked-again",
    changes: [{
      file: "src/layers/PgEnqueue.ts",
      from: "isUnknown && isTransient",
      to: "false"
    }],
    test: killed("connections/enqueue", "that is cut after so many bytes")
  },
  {
    name: "claim-of-an-older-life-started",
    changes: [{
      file: "src/layers/Claims.ts",
      from: "if (rejoins === rejoinsBefore) runs.add(jobs)",
      to: "if (rejoins >= rejoinsBefore) runs.add(jobs)"
    }],
    test: killed(
      "engine/lostAnswers",
      "starts nothing that it claimed before it was taken for dead"
    )
  },
  {
    name: "hang-not-ended",
    changes: [{
      file: "src/layers/PgStandInThread.ts",
      from: "if (task.isHangFatal) process.kill",
      to: "if (task.hangLimit < 0) process.kill"
    }],
    test: killed("cli/supervisor", "goes on without a job that hangs")
  },
  {
    name: "deaf-child-waited-for",
    changes: [{
      file: "src/cli/supervisor.ts",
      from: "    Effect.andThen(killDeaf(children)),\n",
      to: ""
    }],
    test: killed("cli/supervisor", "kills a child that does not hear of a cancel")
  },
  {
    name: "renewing-ends-with-a-defect",
    changes: [{
      file: "src/layers/Lifeline.ts",
      from: `      keepGoing("renewing", retryEvery(lease, true)),\n`,
      to: ""
    }],
    test: killed("engine/defects", "a worker renews, and works, although its ")
  },
  {
    name: "working-ends-with-a-defect",
    changes: [{
      file: "src/layers/Worker.ts",
      from: `keepGoing("working")(work)`,
      to: "work"
    }],
    test: killed("engine/defects", "each job runs once although a ")
  },
  {
    name: "settling-ends-with-a-defect",
    changes: [{
      file: "src/layers/Settler.ts",
      from: `      Effect.catchDefect(refusal("settle")),\n`,
      to: ""
    }],
    test: killed("engine/refusedSettlements", "settles the rest of a batch with one that whoever")
  },
  {
    name: "refusal-believed-at-once",
    changes: [{
      file: "src/layers/Settler.ts",
      from: "isDoubtful(error) && !isCertain",
      to: "isDoubtful(error) && false"
    }],
    test: killed("engine/defects", "each job runs once although a ")
  },
  {
    name: "listening-ends-with-a-defect",
    changes: [{
      file: "src/layers/PgNotifier.ts",
      from: `    keepGoing("listening"),\n`,
      to: ""
    }],
    test: killed("layers/PgNotifier", "listens although it has met a defect once")
  },
  {
    name: "claim-fetches-all-payloads",
    changes: [{
      file: "src/layers/PgJobRepo.ts",
      from: "= 8 * payloadBytesMax",
      to: "= 1000 * payloadBytesMax"
    }],
    test: killed("engine/largePayloads", "come with their payloads for as long as there is room")
  },
  {
    name: "run-without-its-payload",
    changes: [{ file: "src/layers/Runs.ts", from: " || payload === undefined) {", to: ") {" }],
    test: killed("engine/largePayloads", "a lane's run goes on as far as there are payloads")
  },
  {
    name: "full-notify-queue-believed",
    changes: [{
      file: "src/layers/PgError.ts",
      from: "isTransientCode(code) || isNotifyQueueFull(error, code)",
      to: "isTransientCode(code)"
    }],
    test: killed(
      "layers/PgError",
      "54000 may be over later when the queue of notifications is full"
    )
  }
]
