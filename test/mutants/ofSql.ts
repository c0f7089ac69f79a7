/**
 * Mutants of what the database does.
 */
import { killed, type Mutant } from "./Mutant.ts"

export const ofSql: ReadonlyArray<Mutant> = [
  {
    name: "two-jobs-of-a-key-claimed",
    changes: [{
      file: "sql/0004_claim.sql",
      from:
        "state = 'ready' AND crash_count = 0 AND id NOT IN (SELECT unnest(leased))\n      ORDER",
      to: "state IN ('ready', 'waiting') AND id NOT IN (SELECT unnest(leased))\n      ORDER"
    }],
    test: killed("interleaving/claims", "leave no job of a key to a second claim")
  },
  {
    name: "rescue-of-what-is-just-being-settled",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "FROM leases WHERE id = lease FOR UPDATE SKIP LOCKED;",
      to: "FROM leases WHERE id = lease;"
    }],
    test: killed("interleaving/leases", "that are just being settled are left by a rescue")
  },
  {
    name: "crash-forgets-leases-of-keys",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "IF has_found AND NOT is_keyed THEN",
      to: "IF true THEN"
    }],
    test: killed("soak/crash", "forgets no lease of jobs with a key")
  },
  {
    name: "no-order-check",
    changes: [{
      file: "sql/0004_claim.sql",
      from: ") IS NOT TRUE\n    LIMIT jobs_max",
      to: ") IS NOT TRUE OR true\n    LIMIT jobs_max"
    }],
    test: killed("soak/overtaken", "leaves a job whose lane has a more urgent one")
  },
  {
    name: "suspects-left-without-a-word",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "    PERFORM wake(q);\n  END IF;\n  RETURN picked;",
      to: "  END IF;\n  RETURN picked;"
    }],
    test: killed("interleaving/wakes", "tell who passed by the jobs of a dead worker")
  },
  {
    name: "suspects-of-two-deaths-side-by-side",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "  IF worst_leased >= 2 THEN RETURN NULL; END IF;\n",
      to: ""
    }],
    test: killed("engine/fencing", "that was the second for a job keeps those that saw one away")
  },
  {
    name: "settlements-wait-behind-a-prune",
    changes: [{
      file: "sql/settings.sql",
      from: "'lock_timeout=50ms'",
      to: "'lock_timeout=2s'"
    }],
    test: killed(
      "engine/history",
      "holds up no settlement while"
    )
  },
  {
    name: "no-reconciliation",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "id NOT IN (SELECT unnest(known))",
      to: "false"
    }],
    test: killed("engine/leases", "is handed back when the answer to its claim was lost")
  },
  {
    name: "lanes-in-the-order-of-their-markers",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "ORDER BY - priority::bigint, id LIMIT",
      to: "ORDER BY id LIMIT"
    }],
    test: killed("engine/crowds", "of lanes lets the most urgent one start first of all")
  },
  {
    name: "crowd-of-markers-not-passed-by",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "IF (SELECT count(DISTINCT key) FROM unnest(keys) AS key) * 2 <= lanes_max THEN",
      to: "IF false THEN"
    }],
    test: killed("engine/crowds", "of one lane's markers lets another lane")
  },
  {
    name: "crowd-of-markers-kept",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "    PERFORM drop_markers(q, keys, priorities);\n",
      to: ""
    }],
    test: killed("engine/crowds", "of one lane's markers is gone after a few claims")
  },
  {
    name: "no-word-of-more-lanes",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "IF NOT has_found AND is_behind THEN",
      to: "IF false THEN"
    }],
    test: killed("engine/crowds", "of lanes that cannot start is passed by without a pause")
  },
  {
    name: "lanes-passed-by-at-once-again",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "WHERE queue || '' = q AND - priority::bigint < 2147483648",
      to: "WHERE queue || '' = q"
    }],
    test: killed("engine/crowds", "of lanes that somebody holds does not keep a worker busy")
  },
  {
    name: "suspects-claimed-ahead",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "pick_suspects(q, worker, least(jobs_max, slots), leased)",
      to: "pick_suspects(q, worker, jobs_max, leased)"
    }],
    test: killed("engine/fencing", "makes suspects of its jobs: each has a lease of its own")
  },
  {
    name: "claim-waits-for-who-holds-a-head",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "state || '' = 'waiting' FOR UPDATE SKIP LOCKED",
      to: "state || '' = 'waiting' FOR UPDATE"
    }],
    test: killed("interleaving/rowLocks", "a claim passes by a lane whose first job")
  },
  {
    name: "lane-that-was-passed-by-forgotten",
    changes: [{
      file: "sql/0003_lanes.sql",
      from: "IF given < cardinality(firsts) THEN",
      to: "IF false THEN"
    }],
    test: killed("interleaving/rowLocks", "a settlement passes by the next of its lane")
  },
  {
    name: "rescue-waits-for-who-holds-a-row",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "id = ANY (l.job_ids) FOR UPDATE SKIP LOCKED",
      to: "id = ANY (l.job_ids) FOR UPDATE"
    }],
    test: killed("interleaving/rowLocks", "a rescue passes by a lease")
  },
  {
    name: "end-recorded-of-a-row-that-stays",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF gone < cardinality(ids) THEN",
      to: "IF false THEN"
    }],
    test: killed("engine/triggers", "that keeps a row refuses the end of its job")
  },
  {
    name: "end-recorded-of-a-row-that-does-not-change",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF changed < cardinality(ids) THEN",
      to: "IF false THEN"
    }],
    test: killed("engine/triggers", "that keeps a row refuses the end of its job")
  },
  {
    name: "settlement-makes-people-wait",
    changes: [{
      file: "sql/settings.sql",
      from: "(ARRAY['settle'], ARRAY['lock_timeout=100ms'])",
      to: "(ARRAY['settle'], ARRAY['lock_timeout=2s'])"
    }],
    test: killed("interleaving/people", "go on soon where a settlement waits")
  },
  {
    name: "settlement-of-lanes-makes-people-wait",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "set_config('lock_timeout', '100ms', true)",
      to: "set_config('lock_timeout', '2s', true)"
    }],
    test: killed("interleaving/people", "go on soon where a settlement waits")
  },
  {
    name: "rows-waited-for-under-the-settings-of-guests",
    changes: [{
      file: "sql/0005_settle.sql",
      from:
        "  IF current_setting('pgq.guests', true) = ' on' THEN PERFORM lock_jobs(ids); END IF;\n",
      to: ""
    }],
    test: killed("interleaving/people", "go on soon where a settlement waits")
  },
  {
    name: "leases-that-people-hold-not-told",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "WHERE NOT asked.lease NOT IN (SELECT unnest(locked_leases))",
      to: "WHERE false"
    }],
    test: killed("interleaving/rowLocks", "what stands in a lease that somebody holds is told")
  },
  {
    name: "rescue-without-end",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "    EXIT WHEN tried >= jobs_max;\n",
      to: ""
    }],
    test: killed("engine/rescuing", "go back some thousands at once")
  },
  {
    name: "clock-that-was-set-back-believed",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "(lease_until <= clock OR lease_until > clock + lease * 1.1)",
      to: "lease_until <= clock"
    }],
    test: killed("engine/rescuing", "does not keep a dead worker's jobs")
  },
  {
    name: "doubt-of-later-believed",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "(late_since IS NULL OR late_since > clock)",
      to: "late_since IS NULL"
    }],
    test: killed("engine/rescuing", "does not keep a dead worker's jobs")
  },
  {
    name: "lanes-without-a-marker-not-found",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "healed := healed + mark_forgotten(q, firsts);",
      to: "NULL;"
    }],
    test: killed("engine/healing", "is claimed again, and others are left alone")
  },
  {
    name: "overtaken-heads-without-a-marker-not-found",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "    ) IS NOT FALSE\n",
      to: "    ) IS NULL\n"
    }],
    test: killed("engine/healing", "is put in order, where its head was overtaken")
  },
  {
    name: "days-without-a-partition-dropped-in-one",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "WHERE finished_at <= $1 LIMIT 5000))'",
      to: "WHERE finished_at <= $1))'"
    }],
    test: killed("engine/history", "is dropped some thousands at once")
  },
  {
    name: "other-days-without-an-identity",
    changes: [{
      file: "sql/0001_tables.sql",
      from: "ALTER TABLE completed_jobs_other REPLICA IDENTITY FULL;\n",
      to: ""
    }],
    test: killed("engine/history", "is pruned, and everything else goes on")
  },
  {
    name: "dead-at-first-sight",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "      AND late_since + lease * 0.5 <= clock\n",
      to: ""
    }],
    test: killed("interleaving/leases", "are left to who is late at first sight")
  },
  {
    name: "triggers-with-the-rights-of-producers",
    changes: [{
      file: "sql/settings.sql",
      from: "(prorettype = 'trigger'::regtype OR proname LIKE",
      to: "(false OR proname LIKE"
    }],
    test: killed("engine/roles", "adds jobs in each way, and one of a worker runs them all")
  },
  {
    name: "history-with-the-rights-of-workers",
    changes: [{
      file: "sql/settings.sql",
      from: " OR proname LIKE 'prune\\_%'",
      to: ""
    }],
    test: killed("engine/roles", "keeps history, of which it owns nothing")
  },
  {
    name: "lent-rights-for-everybody",
    changes: [{
      file: "src/layers/postgres/PgMigrations.ts",
      from: "'REVOKE ALL ON FUNCTION %s FROM PUBLIC'",
      to: "'COMMENT ON FUNCTION %s IS NULL'"
    }],
    test: killed("engine/roles", "may call its own functions, and no others")
  },
  {
    name: "renamed-schema-stays-lost",
    changes: [{
      file: "src/layers/postgres/PgMigrations.ts",
      from: "quote_ident('${schema}') || '.add_job(');",
      to: "quote_ident('former') || '.add_job(');"
    }],
    test: killed("cli/check", "says what mends a schema that was renamed")
  },
  {
    name: "run-goes-on-without-its-head",
    changes: [{
      file: "sql/0005_settle.sql",
      from: "IF changed < cardinality(next) THEN",
      to: "IF false THEN"
    }],
    test: killed("engine/triggers", "that keeps the next job of a run from its lane's head")
  },
  {
    name: "crash-that-is-not-counted",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "IF changed + coalesce(cardinality(poisoned), 0) < cardinality(places) THEN",
      to: "IF false THEN"
    }],
    test: killed("engine/triggers", "that keeps a crash from being counted")
  },
  {
    name: "first-due-jobs-again-and-again",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "  IF is_careful THEN\n    due := any_due(clock, jobs_max);\n  ELSE",
      to: "  IF false THEN\n    due := any_due(clock, jobs_max);\n  ELSE"
    }],
    test: killed("engine/keptDue", "keep no others waiting: a trigger ")
  }
]
