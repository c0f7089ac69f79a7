/**
 * The verdict on a look at a schema: which facts are problems, and which of them comes first.
 */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Count from "../../src/domain/Count.ts"
import * as Limits from "../../src/domain/Limits.ts"
import { Overview } from "../../src/domain/Overview.ts"
import { byRank, codes, meanings, Problem } from "../../src/domain/Problem.ts"
import * as Verdict from "../../src/domain/Verdict.ts"
import { database, lane, overview, pastWorker, queue, worker } from "./Overviews.ts"

const horizon = {
  holder: "backend",
  name: "pg_dump",
  pid: 812,
  seconds: 2460,
  transactions: 5
} as const

const pause = { since: "2029-12-31T20:00:00.000Z", until: null, by: "ops", reason: "month end" }

const ends = (failed: number, completed: number | null) =>
  overview({
    ends: { seconds: 300, names: [{ queue: "mail", name: "charge", failed, completed }] }
  })

const table = {
  table: "pgq.jobs",
  live: 10,
  dead: 1_200_000,
  bytes: 0,
  indexBytes: 0,
  vacuumedAt: null
}

const limits = (latencies: Record<string, number>) => ({ ...Limits.defaults, latencies })

/** Each row: the facts, the verdict, and the sentence and the next step of the first problem. */
const cases: ReadonlyArray<readonly [Overview, string, string, string?]> = [
  [overview(), "good", "all is well: 1 queue, 1 worker, 0 running"],
  [
    overview({ unread: ["counts"] }),
    "unknown",
    "nothing wrong is seen: 1 queue, 1 worker, 0 " +
    "running; no answer in time, or no right to ask: counts"
  ],
  [
    overview({ queues: [queue({ latency: 250, ready: Count.exact(1204), running: null })] }),
    "bad",
    "mail is 4m 10s behind (objective 1m 0s)",
    "pgq why --queue mail"
  ],
  [overview({ queues: [queue({ latency: 60 })] }), "good", "all is well"],
  [overview({ queues: [queue({ latency: 250, pause: { ...pause, until: "2031" } })] }), "good", ""],
  [
    overview({ queues: [queue({ queue: "a b", workers: 0, ready: Count.exact(1), latency: 99 })] }),
    "bad",
    "nobody works on a b: 1 job waits, the first for 1m 39s",
    "pgq start --queue 'a b' -f JOBS"
  ],
  [
    overview({ queues: [queue({ workers: 0, waiting: Count.capped(11, 10) })] }),
    "good",
    "nobody works on mail: 10+ jobs wait"
  ],
  [overview({ queues: [queue({ workers: 0 })], workers: [] }), "good", "all is well"],
  [
    overview({ workers: [worker({ renewedSeconds: 10.1, running: 8 })] }),
    "bad",
    "worker web (a:7) has not renewed its lease for 10.1s, and has 8 jobs"
  ],
  [overview({ workers: [worker({ renewedSeconds: 10 })] }), "good", ""],
  [
    overview({ unhandled: [{ queue: "mail", name: "sms", jobs: 2, job: "9" }] }),
    "bad",
    "no live worker of mail handles sms: 2 jobs",
    "pgq why 9"
  ],
  [overview({ unhandled: [{ queue: "mail", name: "send", jobs: 2, job: "9" }] }), "good", ""],
  [
    overview({ promotionLag: 12, workers: [] }),
    "bad",
    "due jobs are not made ready, the first for 12.0s: no worker lives"
  ],
  [
    overview({ queues: [queue({ blocked: Count.exact(3) })], blockedLanes: [lane()] }),
    "bad",
    "3 lanes of mail are blocked, one by job 42, send",
    "pgq retry 42, or pgq discard 42"
  ],
  [
    overview({ queues: [queue({ blocked: Count.exact(1) })] }),
    "bad",
    "1 lane of mail is blocked",
    "pgq why --queue mail"
  ],
  [
    ends(100, 222),
    "bad",
    "charge fails 31 %: 100 in the last 300s",
    "pgq failed --name charge " +
    "--since 10m"
  ],
  [ends(50, 1), "good", ""],
  [ends(100, 2000), "good", ""],
  [ends(100, null), "bad", "charge fails: 100 in the last 300s"],
  [
    overview({ suspects: [{ id: "71", queue: "mail", name: "send", deaths: 2 }] }),
    "bad",
    "job 71, send, was there when 2 workers died"
  ],
  [
    overview({ suspects: [{ id: "71", queue: "mail", name: "send", deaths: 1 }] }),
    "good",
    "job 71, send, was there when a worker died"
  ],
  [
    overview({ database: database({ horizon, tables: [{ ...table, live: 1e6 }] }) }),
    "bad",
    "pid 812 (pg_dump) has held the horizon for 41m 0s; ≈ 1.2 M dead rows",
    "select pg_terminate_backend(812)"
  ],
  [
    overview({
      database: database({
        horizon: { holder: "slot", name: "o'k", pid: null, seconds: null, transactions: 2e6 }
      })
    }),
    "bad",
    "the replication slot o'k has held the horizon for 2,000,000 transactions; ≈ 0 dead rows",
    "select pg_drop_replication_slot('o''k')"
  ],
  [overview({ database: database({ horizon: { ...horizon, seconds: 600 } }) }), "good", ""],
  [
    overview({ database: database({ tables: [table] }) }),
    "bad",
    "pgq.jobs has ≈ 1.2 M dead rows and ≈ 10 live ones; it was never vacuumed",
    "vacuum (verbose) pgq.jobs"
  ],
  [
    overview({ database: database({ missingPartitions: ["pgq.log_lines"] }) }),
    "good",
    "the history of today has no partition in pgq.log_lines",
    "select pgq.prune_logs()"
  ],
  [
    overview({ queues: [queue({ pause })] }),
    "good",
    "mail is paused since 4h 0m ago by ops: month end",
    "pgq resume mail"
  ],
  [
    overview({ pastWorkers: [pastWorker({ jobsHeld: 1 }), pastWorker({ ended: "left" })] }),
    "good",
    "web-1:411 died holding 1 job, 2m 0s ago",
    "journalctl -n 50 _PID=411"
  ],
  [
    overview({ pastWorkers: [pastWorker({ pid: 7, jobsHeld: 0 }), pastWorker(), pastWorker()] }),
    "bad",
    "web-1:411 died holding 8 jobs, 2m 0s ago; 2 other workers died"
  ],
  [overview({ pastWorkers: [pastWorker({ endedSeconds: 601 })] }), "good", "all is well"],
  [
    overview({
      workers: [
        worker({ version: "1.0.0", ageSeconds: 9000 }),
        worker({ version: "1.1.0", ageSeconds: 4000 }),
        worker({ version: "1.2.0", isLive: false, ageSeconds: 9000 }),
        worker({ version: "1.1.0", ageSeconds: 10 })
      ]
    }),
    "good",
    "workers run 2 versions of pgq, for 1h 6m: 1.0.0, 1.1.0",
    "pgq workers --json"
  ],
  [
    overview({
      workers: [
        worker({ version: "1.0.0", ageSeconds: 9000 }),
        worker({ version: "1.1.0", ageSeconds: 3600 }),
        worker({ version: null, ageSeconds: 9000 })
      ]
    }),
    "good",
    "all is well"
  ]
]

describe("the verdict", () => {
  const named = cases.map(([given, state, sentence, next]) => ({ given, state, sentence, next }))

  it.each(named)("$state: $sentence", ({ given, next, sentence, state }) => {
    const verdict = Verdict.of(given)
    assert.strictEqual(verdict.state, state)
    assert.isTrue(verdict.sentence.startsWith(sentence), verdict.sentence)
    if (next !== undefined) assert.strictEqual(verdict.problems[0]?.next, next)
  })

  it("has a case for each problem", () => {
    const found = new Set(cases.flatMap(([given]) => Verdict.of(given).problems).map((p) => p.code))
    assert.sameMembers([...found], [...codes])
    assert.sameMembers([...codes], Object.keys(meanings))
  })

  it("names the worst problem, and counts the others", () => {
    const { problems, sentence, state } = Verdict.of(overview({
      queues: [
        queue({ queue: "late", latency: 120 }),
        queue({ queue: "later", latency: 1200, blocked: Count.exact(1), pause: null }),
        queue({ queue: "idle", pause })
      ]
    }))
    assert.deepStrictEqual(
      problems.map(({ code, evidence }) => [code, evidence["queue"]]),
      [["QueueLate", "later"], ["QueueLate", "late"], ["LaneBlocked", "later"], ["Paused", "idle"]]
    )
    assert.strictEqual(sentence, "later is 20m 0s behind (objective 1m 0s), and 3 more")
    assert.strictEqual(state, "bad")
  })

  it("goes by the objective of a queue", () => {
    const given = overview({ queues: [queue({ latency: 120 })] })
    assert.strictEqual(Verdict.of(given, limits({ mail: 300 })).state, "good")
    assert.strictEqual(Verdict.of(given, limits({ other: 300 })).state, "bad")
  })

  it.prop("begins with the first problem of any look", { given: Overview }, ({ given }) => {
    const [first] = Verdict.of(given).problems
    if (first !== undefined) assert.isTrue(Verdict.of(given).sentence.startsWith(first.text))
  })

  const weighed = Schema.Struct({ ...Problem.fields, weight: Schema.Finite })

  it.prop("ranks problems in one order", { a: weighed, b: weighed, c: weighed }, ({ a, b, c }) => {
    assert.strictEqual(Math.sign(byRank(a, b)) + Math.sign(byRank(b, a)), 0)
    assert.strictEqual(byRank(a, { ...a, evidence: {}, next: "" }), 0)
    if (byRank(a, b) === 0) assert.strictEqual(a.text, b.text)
    if (byRank(a, b) <= 0 && byRank(b, c) <= 0) assert.isAtMost(byRank(a, c), 0)
  })
})
