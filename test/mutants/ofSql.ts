/**
 * Mutants of the work of the database.
 */
import { model, type Mutant, test } from "./Mutant.ts"

export const ofSql: ReadonlyArray<Mutant> = [
  {
    name: "two-jobs-of-a-key-claimed",
    of: "oneOfAKey",
    changes: [{
      file: "sql/0004_claim.sql",
      from:
        "AND state = 'ready' AND crash_count = 0\n        AND id NOT IN (SELECT unnest(leased))\n      -- ",
      to:
        "AND state IN ('ready', 'waiting')\n        AND id NOT IN (SELECT unnest(leased))\n      -- "
    }],
    by: [test("interleaving/claims", "leave no job of a key to a second claim")]
  },
  {
    name: "rescue-of-what-is-just-being-settled",
    of: "lockOfRescue",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "FROM leases WHERE id = lease FOR UPDATE SKIP LOCKED;",
      to: "FROM leases WHERE id = lease;"
    }],
    by: [test("interleaving/leases", "that are just being settled are left by a rescue")]
  },
  {
    name: "crash-forgets-leases-of-keys",
    of: "durableLeases",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "IF NOT taken.is_keyed THEN",
      to: "IF true THEN"
    }],
    by: [test("soak/crash", "forgets no lease of jobs with a key")]
  },
  {
    name: "no-order-check",
    of: "orderCheck",
    changes: [{
      file: "sql/0004_claim.sql",
      from: `FOR UPDATE SKIP LOCKED
    ) AS j
    -- The order check: no committed job of the same lane goes before the head.
    WHERE j`,
      to: `FOR UPDATE SKIP LOCKED
    ) AS j
    WHERE true OR j`
    }],
    by: [
      test("soak/overtaken", "leaves a job whose lane has a more urgent one"),
      model("lane", "NJ=3 NO_ORDER_CHECK", "violated")
    ]
  },
  {
    name: "suspects-left-without-a-word",
    of: "suspectsWord",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "    PERFORM wake(q);\n  END IF;\n  RETURN picked;",
      to: "  END IF;\n  RETURN picked;"
    }],
    by: [test("interleaving/wakes", "tell who passed by the jobs of a dead worker")]
  },
  {
    name: "suspects-of-two-deaths-side-by-side",
    of: "suspectsApart",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "  IF worst_leased >= 2 THEN RETURN NULL; END IF;\n",
      to: ""
    }],
    by: [test(
      "engine/liveness/deadWorkers",
      "that was the second for a job keeps those that saw one away"
    )]
  },
  {
    name: "settlements-wait-behind-a-prune",
    of: "shortLocks",
    changes: [{
      file: "sql/settings.sql",
      from: "'lock_timeout=50ms'",
      to: "'lock_timeout=2s'"
    }],
    by: [test(
      "engine/maintenance/history",
      "holds up no settlement while"
    )]
  },
  {
    name: "no-reconciliation",
    of: "reconciliation",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "id NOT IN (SELECT unnest(known))",
      to: "false"
    }],
    by: [test("engine/liveness/leases", "is handed back when the answer to its claim was lost")]
  },
  {
    name: "lanes-in-the-order-of-their-markers",
    of: "crowds",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "ORDER BY - priority::bigint, id LIMIT",
      to: "ORDER BY id LIMIT"
    }],
    by: [test("engine/claiming/crowds", "of lanes lets the most urgent one start first of all")]
  },
  {
    name: "crowd-of-markers-not-passed-by",
    of: "crowds",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "IF (SELECT count(DISTINCT key) FROM unnest(keys) AS key) * 2 <= lanes_max THEN",
      to: "IF false THEN"
    }],
    by: [test("engine/claiming/crowds", "of one lane's markers lets another lane")]
  },
  {
    name: "crowd-of-markers-kept",
    of: "crowds",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "    PERFORM drop_markers(q, keys, priorities);\n",
      to: ""
    }],
    by: [test("engine/claiming/crowds", "of one lane's markers is gone after a few claims")]
  },
  {
    name: "no-word-of-more-lanes",
    of: "crowds",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "IF is_behind OR taken.has_suspects THEN",
      to: "IF false THEN"
    }],
    by: [test(
      "engine/claiming/crowds",
      "of lanes that cannot start is passed by without a pause"
    )]
  },
  {
    name: "lanes-passed-by-at-once-again",
    of: "crowds",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "WHERE queue || '' = q AND - priority::bigint < 2147483648",
      to: "WHERE queue || '' = q"
    }],
    by: [test(
      "engine/claiming/crowds",
      "of lanes that somebody holds does not keep a worker busy"
    )]
  },
  {
    name: "suspects-claimed-ahead",
    of: "suspectsApart",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "pick_suspects(q, worker, least(jobs_max, slots))",
      to: "pick_suspects(q, worker, jobs_max)"
    }],
    by: [test(
      "engine/liveness/deadWorkers",
      "makes suspects of its jobs: each has a lease of its own"
    )]
  },
  {
    name: "claim-waits-for-who-locks-a-head",
    of: "passingBy",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "state || '' = 'waiting' FOR UPDATE SKIP LOCKED",
      to: "state || '' = 'waiting' FOR UPDATE"
    }],
    by: [test("interleaving/rowLocks", "a claim passes by a lane whose first job")]
  },
  {
    name: "lane-that-was-passed-by-forgotten",
    of: "markerOfPassedBy",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "IF given < cardinality(firsts) THEN",
      to: "IF false THEN"
    }],
    by: [
      test("interleaving/rowLocks", "a settlement passes by the next of its lane"),
      model("lane", "NJ=2 DELETES=1 NO_PASSED_MARKER", "stuck")
    ]
  },
  {
    name: "rescue-waits-for-who-locks-a-row",
    of: "passingBy",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "id = ANY (changing) FOR UPDATE SKIP LOCKED",
      to: "id = ANY (changing) FOR UPDATE"
    }],
    by: [test("interleaving/rowLocks", "a rescue passes by a lease")]
  },
  {
    name: "end-recorded-of-a-row-that-stays",
    of: "endOfRow",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF gone < cardinality(ids) THEN",
      to: "IF false THEN"
    }],
    by: [test("engine/settling/triggers", "that keeps a row refuses the end of its job")]
  },
  {
    name: "end-recorded-of-a-row-that-does-not-change",
    of: "endOfRow",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF changed < cardinality(ids) THEN",
      to: "IF false THEN"
    }],
    by: [test("engine/settling/triggers", "that keeps a row refuses the end of its job")]
  },
  {
    name: "settlement-makes-people-wait",
    of: "yielding",
    changes: [{
      file: "sql/settings.sql",
      from: "(ARRAY['settle'], ARRAY['lock_timeout=100ms'])",
      to: "(ARRAY['settle'], ARRAY['lock_timeout=2s'])"
    }],
    by: [test("interleaving/people", "go on soon where a settlement waits")]
  },
  {
    name: "settlement-of-lanes-makes-people-wait",
    of: "yielding",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "set_config('lock_timeout', '100ms', true)",
      to: "set_config('lock_timeout', '2s', true)"
    }],
    by: [test("interleaving/people", "go on soon where a settlement waits")]
  },
  {
    name: "rows-waited-for-under-the-settings-of-guests",
    of: "yielding",
    changes: [{
      file: "sql/0005_settle.sql",
      from:
        "  IF current_setting('pgq.guests', true) = ' on' THEN PERFORM lock_jobs(ids); END IF;\n",
      to: ""
    }],
    by: [test("interleaving/people", "go on soon where a settlement waits")]
  },
  {
    name: "leases-that-people-lock-not-told",
    of: "yielding",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "WHERE NOT asked.lease NOT IN (SELECT unnest(locked_leases))",
      to: "WHERE false"
    }],
    by: [test("interleaving/rowLocks", "what stands in a lease that somebody holds is told")]
  },
  {
    name: "rescue-without-end",
    of: "boundOfRescue",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "    EXIT WHEN tried >= jobs_max;\n",
      to: ""
    }],
    by: [test("engine/maintenance/rescuing", "go back some thousands at once")]
  },
  {
    name: "clock-that-was-set-back-believed",
    of: "clocks",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "(lease_until <= clock OR lease_until > clock + lease * 1.1)",
      to: "lease_until <= clock"
    }],
    by: [test("engine/maintenance/rescuing", "does not keep a dead worker's jobs")]
  },
  {
    name: "suspicion-of-later-believed",
    of: "clocks",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "(late_since IS NULL OR late_since > clock)",
      to: "late_since IS NULL"
    }],
    by: [test("engine/maintenance/rescuing", "does not keep a dead worker's jobs")]
  },
  {
    name: "lanes-without-a-marker-not-found",
    of: "healing",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "healed := healed + mark_forgotten(q, firsts);",
      to: "NULL;"
    }],
    by: [
      test("engine/maintenance/healing", "is claimed again, and others are left alone"),
      model("lane", "NJ=2 LOSSES=1 NO_HEALER", "stuck")
    ]
  },
  {
    name: "overtaken-heads-without-a-marker-not-found",
    of: "healing",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "    ) IS NOT FALSE\n",
      to: "    ) IS NULL\n"
    }],
    by: [
      test("engine/maintenance/healing", "is put in order, where its head was overtaken"),
      model("lane", "NJ=3 LOSSES=1 HEALS_HEADLESS_ONLY", "stuck")
    ]
  },
  {
    name: "days-without-a-partition-dropped-in-one",
    of: "retention",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "WHERE %2$I <= $1 LIMIT 5000))'",
      to: "WHERE %2$I <= $1))'"
    }],
    by: [test("engine/maintenance/history", "is dropped some thousands at once")]
  },
  {
    name: "other-days-without-an-identity",
    of: "retention",
    changes: [{
      file: "sql/0001_tables.sql",
      from: "ALTER TABLE completed_jobs_other REPLICA IDENTITY FULL;\n",
      to: ""
    }],
    by: [test("engine/maintenance/history", "is pruned, and everything else goes on")]
  },
  {
    name: "dead-at-first-sight",
    of: "lateness",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "      AND late_since + lease * 0.5 <= clock\n",
      to: ""
    }],
    by: [test("interleaving/leases", "are left to who is late at first sight")]
  },
  {
    name: "run-goes-on-without-its-head",
    of: "headOfRun",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF changed < cardinality(next) THEN",
      to: "IF false THEN"
    }],
    by: [test(
      "engine/settling/triggers",
      "that keeps the next job of a run from its lane's head"
    )]
  },
  {
    name: "crash-that-is-not-counted",
    of: "crashCount",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "IF changed + coalesce(cardinality(poisoned), 0) < cardinality(places) THEN",
      to: "IF false THEN"
    }],
    by: [test("engine/settling/triggers", "that keeps a crash from being counted")]
  },
  {
    name: "first-due-jobs-again-and-again",
    isSlow: true,
    of: "boundOfDue",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "  IF is_careful THEN\n    due := any_due(clock, jobs_max);\n  ELSE",
      to: "  IF false THEN\n    due := any_due(clock, jobs_max);\n  ELSE"
    }],
    by: [test("engine/maintenance/triggersOnDueJobs", "keep no others waiting: a trigger ")]
  },
  {
    name: "planner-has-a-say",
    of: "plans",
    changes: [{
      file: "sql/settings.sql",
      from: "'enable_seqscan=off', 'enable_bitmapscan=off'",
      to: "'enable_seqscan=on', 'enable_bitmapscan=on'"
    }],
    by: [test("engine/schema/catalog", "leave the planner no choice where they are hot")]
  }
]
