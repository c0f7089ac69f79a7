/**
 * Mutants of how workers fall asleep, and of the signals that wake them.
 */
import { histories, model, type Mutant, test } from "./Mutant.ts"

export const ofWaking: ReadonlyArray<Mutant> = [
  {
    name: "producer-does-not-say-that-it-has-added",
    of: "announcing",
    changes: [{
      functions: ["wake"],
      from: "PERFORM pg_advisory_xact_lock_shared(",
      to: "PERFORM jsonb_build_array("
    }],
    by: [histories, model("waking", "NO_LOCK", "stuck")]
  },
  {
    name: "claim-that-finds-nothing-does-not-fall-asleep",
    of: "asleep",
    changes: [{
      functions: ["claim"],
      from:
        "IF was_asleep = (taken.given IS NOT NULL OR is_behind) AND (is_busy OR NOT was_asleep) THEN",
      to: "IF false THEN"
    }],
    by: [histories, model("waking", "NO_MARK", "stuck")]
  },
  {
    name: "claim-wakes-a-worker-that-is-not-busy",
    of: "asleep",
    changes: [{
      functions: ["claim"],
      from: "AND (is_busy OR NOT was_asleep)",
      to: ""
    }],
    by: [histories, model("waking", "WAKES_WHENEVER_IT_FINDS", "stuck")]
  },
  {
    name: "claim-says-nothing-of-suspects",
    of: "hasFoundAll",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "IF is_behind OR taken.has_suspects THEN",
      to: "IF is_behind THEN"
    }],
    by: [test("engine/claiming/foundAll", "may have left suspects")]
  },
  {
    name: "share-of-a-queue-counts-as-all",
    of: "hasFoundAll",
    changes: [{
      file: "src/layers/postgres/PgClaim.ts",
      from: "queues.length === 1",
      to: "true"
    }],
    by: [test(
      "engine/claiming/foundAll",
      "may have left some of one queue for the share of another"
    )]
  },
  {
    name: "sleeper-trusts-wake-ups-that-never-came",
    of: "hasFoundAll",
    changes: [{
      file: "src/domain/Idle.ts",
      from: "sleep === \"asleep\" && hasHeard && !hasUnannounced",
      to: "sleep === \"asleep\""
    }],
    by: [test(
      "domain/Idle",
      "hears of all new jobs while it sleeps, wake-ups come, and no producer missed its sleep"
    )]
  },
  {
    name: "slots-wait-for-wake-ups-that-never-come",
    of: "hasFoundAll",
    changes: [{
      file: "src/layers/worker/Pauses.ts",
      from: "isWakeNeeded ? changes.woken : changes.next",
      to: "isDraining ? changes.next : changes.woken"
    }],
    by: [test(
      "engine/claiming/foundAll",
      "claims whenever a job has ended, if no producer ever woke it"
    )]
  },
  {
    name: "start-of-jobs-not-told",
    of: "freeSlots",
    changes: [{
      file: "src/layers/worker/Slots.ts",
      from: "    if (backlog.size < waiting) onRoom()\n",
      to: ""
    }],
    by: [
      test("engine/claiming/claimsAhead", "claims on beside the job that it has just claimed"),
      model("waking", "NO_SIGNAL_OF_START", "stuck")
    ]
  },
  {
    name: "stop-before-a-claim-forgotten",
    of: "freeSlots",
    changes: [{
      file: "src/layers/worker/WorkLoop.ts",
      from: "      if (shutdown.mode() !== mode) continue\n",
      to: ""
    }],
    by: [test("engine/stopping/finishing", "while its claim has yet to begin does not pause")]
  },
  {
    name: "sleeper-does-not-ask-for-open-transactions",
    of: "asleep",
    changes: [{
      file: "src/layers/worker/Pauses.ts",
      from: "        return yield* lookForUnannounced\n",
      to: "        return\n"
    }],
    by: [
      test("engine/claiming/openTransactions", "looks once more after it has asked"),
      model("waking", "NO_QUESTION", "stuck")
    ]
  },
  {
    name: "open-transactions-found-after-a-failure-passed-over",
    of: "asleep",
    changes: [{
      file: "src/domain/Idle.ts",
      from: "sleep: \"asleep\", emptyRounds: 0 }",
      to: "sleep: \"asleep\" }"
    }],
    by: [
      test("engine/claiming/missedWakeUps", "pauses briefly beside an open transaction"),
      model("waking", "JOBS=2 FAILURES=1 STAYS_TIRED", "stuck")
    ]
  },
  {
    name: "registered-again-without-a-claim",
    of: "asleep",
    changes: [{
      file: "src/layers/worker/Worker.ts",
      from: "Effect.andThen(claims.rejoin, Effect.sync(changes.wake))",
      to: "claims.rejoin"
    }],
    by: [
      test("engine/claiming/missedWakeUps", "claims at once when it has registered again"),
      model("waking", "JOBS=2 DEATHS=1 NO_WAKE_AFTER_DEATH", "stuck")
    ]
  }
]
