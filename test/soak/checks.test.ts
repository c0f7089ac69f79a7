/**
 * The soak's checks find what is wrong in ledgers made up for it, and nothing in one that is right.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import type { Change, Evidence } from "./Database.ts"
import * as Dice from "./Dice.ts"
import * as Jobs from "./Jobs.ts"
import * as Leases from "./Leases.ts"
import * as Ledger from "./Ledger.ts"
import { mutants } from "./mutants.ts"
import * as Quotas from "./Quotas.ts"
import * as Runs from "./Runs.ts"

const leaseMillis = 1000

/** A job of lane `main/key` that was added at a time; its id is its number. */
const added = (n: number, at: number, more: object = {}): ReadonlyArray<Ledger.Entry> => [
  {
    what: "intent",
    at,
    n,
    tx: `tx${n}`,
    queue: "main",
    key: "key",
    priority: 0,
    isLater: false,
    does: "value",
    ...more
  },
  { what: "ack", at: at + 1, wall: at + 1, tx: `tx${n}` }
]

const ran = (what: Ledger.RunEntry["what"], n: number, at: number, pid = 1): Ledger.Entry => ({
  what,
  at,
  pid,
  run: n,
  n,
  attempt: 1
})

const ended = (n: number, finishedAt: number, outcome = "completed") => ({
  id: n,
  n,
  outcome,
  finishedAt
})

const moved = (isClaim: boolean, at: number, lease: string, ...ids: Array<number>): Change => ({
  at,
  sent: at - 1,
  isClaim,
  lease,
  mode: "advisory 42",
  ids
})

const found = (entries: ReadonlyArray<Ledger.Entry>, evidence: Partial<Evidence>) => {
  const all = { finished: [], history: [], left: [], ...evidence }
  const jobs = Jobs.read(entries)
  const laneOf = (n: number) => Jobs.laneOf(jobs.get(n))
  const { pauses, runs } = Runs.read(entries)
  return [
    ...Jobs.check(jobs, entries, all),
    ...Runs.overlaps({
      runs,
      pauses,
      laneOf,
      leaseMillis,
      isForgotten: Ledger.isForgotten(entries)
    }).violations,
    ...Leases.check(jobs, all)
  ].map(({ check }) => check)
}

/** What is found of a process that died at `at`, and whose job ran again at `again`, in peace since 100. */
const slow = (isSupervised: boolean, at: number, again: number) => {
  const entries = [
    ...added(1, 10),
    ran("start", 1, 90),
    { what: "kill", at, pid: 1, isSupervised } as const,
    ran("start", 1, again, 2)
  ]
  const recoveries = Runs.recoveries(Runs.read(entries).runs, entries)
  return Runs.slow(recoveries, { leaseMillis, since: 100 }).map(({ check }) => check)
}

const inOrder = (entries: ReadonlyArray<Ledger.Entry>) =>
  entries.toSorted((one, other) => one.at - other.at)

const throws = (dice: Dice.Dice) => Array.from({ length: 5 }, () => dice.between(1, 1000))

describe("the checks", () => {
  it("find nothing in two jobs of a lane that run one after the other", () => {
    const entries = [
      ...added(1, 10),
      ...added(2, 20),
      ran("start", 1, 100),
      ran("end", 1, 110),
      ran("start", 2, 120, 2),
      ran("end", 2, 130, 2)
    ]
    const history = [
      moved(true, 90, "a", 1),
      moved(false, 112, "a", 1),
      moved(true, 115, "b", 2),
      moved(false, 132, "b", 2)
    ]
    assert.deepStrictEqual(
      found(entries, { history, finished: [ended(1, 111), ended(2, 131)] }),
      []
    )
  })

  it("find a job that was added and is gone", () => {
    assert.deepStrictEqual(found(added(1, 10), {}), ["lost"])
  })

  it("forgive a job that a failover forgot, and no other", () => {
    const rewind = { what: "rewind", at: 30, from: 20 } as const
    assert.deepStrictEqual(found([...added(1, 10), ...added(2, 20), rewind], {}), ["lost"])
  })

  it("find a job that ended twice", () => {
    const entries = [...added(1, 10), ran("start", 1, 100), ran("end", 1, 110)]
    assert.deepStrictEqual(found(entries, { finished: [ended(1, 120), ended(1, 130)] }), [
      "doubled"
    ])
  })

  it("find a job that was rolled back and ran", () => {
    const [intent] = added(1, 10)
    const entries: ReadonlyArray<Ledger.Entry> = [
      intent!,
      { what: "rollback", at: 11, wall: 11, tx: "tx1" },
      ran("start", 1, 100)
    ]
    assert.deepStrictEqual(found(entries, {}), ["never added"])
  })

  it("find a job that completed though it never ran", () => {
    assert.deepStrictEqual(found(added(1, 10), { finished: [ended(1, 20)] }), ["not run"])
  })

  it("find a job that failed though it cannot", () => {
    assert.deepStrictEqual(
      found(added(1, 10), { finished: [ended(1, 20, "failed")] }),
      ["wrong end"]
    )
  })

  const beside = [
    ...added(1, 10),
    ...added(2, 20),
    ran("start", 1, 5000),
    ran("start", 2, 5100, 2),
    ran("end", 2, 5110, 2),
    ran("end", 1, 5120)
  ]
  const bothEnded = { finished: [ended(1, 5121), ended(2, 5122)] }

  it("find two runs of a lane at once", () => {
    assert.deepStrictEqual(found(beside, bothEnded), ["overlap"])
  })

  it("forgive a process that was frozen for longer than its lease", () => {
    const frozen = [
      ...beside,
      { what: "pause", at: 4000, pid: 2 } as const,
      { what: "resume", at: 5090, pid: 2 } as const
    ]
    assert.deepStrictEqual(found(inOrder(frozen), bothEnded), [])
  })

  it("forgive a run whose lease a failover forgot", () => {
    const rewind = { what: "rewind", at: 5050, from: 4990 } as const
    assert.deepStrictEqual(found(inOrder([...beside, rewind]), bothEnded), [])
    assert.deepStrictEqual(found(inOrder([...beside, { ...rewind, from: 5010 }]), bothEnded), [
      "overlap"
    ])
  })

  it("do not forgive one that was frozen for a moment", () => {
    const frozen = [
      ...beside,
      { what: "pause", at: 5000, pid: 2 } as const,
      { what: "resume", at: 5090, pid: 2 } as const
    ]
    assert.deepStrictEqual(found(inOrder(frozen), bothEnded), ["overlap"])
  })

  it("end a run with its process", () => {
    const killed = { what: "kill", at: 5050, pid: 1, isSupervised: false } as const
    const entries = inOrder([
      ...beside.slice(0, -1),
      killed,
      ran("start", 1, 5200),
      ran("end", 1, 5300, 2)
    ])
    assert.deepStrictEqual(found(entries, bothEnded), [])
  })

  it("tell a process from a dead one whose id it was given", () => {
    const entries = inOrder([
      ...beside,
      { what: "kill", at: 4000, pid: 1, isSupervised: false },
      { what: "born", at: 4900, pid: 1 }
    ])
    assert.deepStrictEqual(found(entries, bothEnded), ["overlap"])
  })

  it("find a job in two leases", () => {
    const history = [moved(true, 30, "a", 1), moved(true, 40, "b", 1)]
    assert.includeMembers(
      found(added(1, 10), { history, left: [{ id: 1, n: 1, state: "ready" }] }),
      [
        "claimed twice",
        "two leases of a lane"
      ]
    )
  })

  it("find a job of a lane that overtook another", () => {
    const entries = [...added(1, 10, { priority: 5 }), ...added(2, 20)]
    const history = [moved(true, 90, "a", 2)]
    assert.include(found(entries, { history, finished: [ended(1, 200), ended(2, 100)] }), "order")
  })

  it("find a job that one who claims alone passed over", () => {
    const entries = [...added(1, 10, { key: null, priority: 5 }), ...added(2, 20, { key: null })]
    const history = [moved(true, 90, "a", 2), moved(true, 95, "b", 1)]
    assert.include(found(entries, { history, finished: [ended(1, 200), ended(2, 100)] }), "order")
  })

  it("find jobs that ran again late after a death in peace", () => {
    assert.deepStrictEqual(slow(true, 100, 1101), ["slow recovery"])
    assert.deepStrictEqual(slow(true, 100, 1100), [])
    assert.deepStrictEqual(slow(true, 99, 1101), [])
    assert.deepStrictEqual(slow(false, 100, 6101), ["slow recovery"])
    assert.deepStrictEqual(slow(false, 100, 6100), [])
  })

  it("find ids that do not follow the order in which jobs came", () => {
    const entries = [...added(2, 10), ...added(1, 20)]
    assert.include(found(entries, { finished: [ended(1, 200), ended(2, 100)] }), "order")
  })
})

describe("a mutant", () => {
  it.each(mutants)("$name changes what is there", ({ changes }) => {
    for (const { file, from } of changes) {
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")
      assert.strictEqual(text.split(from).length, 2, file)
    }
  })
})

describe("the dice", () => {
  it("fall the same for the same seed, for each actor apart", () => {
    const played = Dice.make("seed")
    played.next()

    assert.deepStrictEqual(
      throws(Dice.make("seed").for("one")),
      throws(played.for("one"))
    )
    assert.notDeepEqual(throws(Dice.make("seed")), throws(Dice.make("other")))
  })
})

describe("the quotas", () => {
  const counts = new Map([
    ["worker kill -9, alone", 40],
    ["worker kill -9, supervised", 60],
    ["TCP cut within a message", 900],
    ["TCP cut", 49],
    ["backend kill", 500],
    ["SIGSTOP beyond the lease", 10],
    ["server crash, kill -9", 3],
    ["failover, asynchronous", 1],
    ["failover, synchronous", 1],
    ["TCP blackhole", 5],
    ["signals", 100],
    ["jobs added", 30_000]
  ])

  it("name what happened less often than it was promised", () => {
    assert.deepStrictEqual(Quotas.missing(counts, Quotas.shortSeconds), ["TCP cut: 49 of 50"])
  })

  it("grow with the time", () => {
    assert.include(Quotas.missing(counts, 10 * Quotas.shortSeconds), "signals: 100 of 1000")
  })
})
