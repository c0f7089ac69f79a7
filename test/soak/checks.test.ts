/**
 * The soak's checks find what is wrong in made-up ledgers, and nothing in correct ones.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Auditor from "./Auditor.ts"
import * as Dice from "./Dice.ts"
import type * as Ledger from "./Ledger.ts"
import * as Logs from "./Logs.ts"
import { added, ended, found, inOrder, leaseMillis, moved, ran } from "./MadeUp.ts"
import * as Quotas from "./Quotas.ts"
import * as Runs from "./Runs.ts"

/**
 * The violations of a job whose process died at `at`, and which ran again at `again`. The peace
 * began at 100.
 */
const slow = (isSupervised: boolean, at: number, again: number, lookMillis = 0) => {
  const entries = [
    ...added(1, 10),
    ran("start", 1, 90),
    { what: "kill", at, pid: 1, isSupervised } as const,
    ran("start", 1, again, 2)
  ]
  const recoveries = Runs.recoveries(Runs.read(entries).runs, entries)
  return Runs.slow(recoveries, { leaseMillis, lookMillis, since: 100 }).map(({ check }) => check)
}

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
    const rewind = { what: "rewind", at: 40, from: 20, until: 30 } as const
    const entries = [...added(1, 10), ...added(2, 20), ...added(3, 30)]
    assert.deepStrictEqual(found([...entries, rewind], {}), ["lost", "lost"])
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

  it("do not forgive one that goes on long after it woke", () => {
    const woken = { what: "resume", at: 4760, pid: 2 } as const
    const frozen = [...beside, { what: "pause", at: 3000, pid: 2 } as const]
    assert.deepStrictEqual(found(inOrder([...frozen, woken]), bothEnded), ["overlap"])
    assert.deepStrictEqual(found(inOrder([...frozen, { ...woken, at: 4780 }]), bothEnded), [])
  })

  it("take a process for awake once somebody has woken it", () => {
    const frozen = [
      ...beside,
      { what: "pause", at: 100, pid: 2 } as const,
      { what: "pause", at: 110, pid: 2 } as const,
      { what: "resume", at: 120, pid: 2 } as const,
      { what: "resume", at: 1400, pid: 2 } as const
    ]
    assert.deepStrictEqual(found(inOrder(frozen), bothEnded), ["overlap"])
  })

  it("forgive a run whose lease a failover forgot", () => {
    const rewind = { what: "rewind", at: 5050, from: 4990, until: 5040 } as const
    assert.deepStrictEqual(found(inOrder([...beside, rewind]), bothEnded), [])
    // Not forgiven are a run from before the lost time, two runs from before the failover, and a
    // run whose process should have heard of the failover.
    for (const more of [{ from: 5010 }, { until: 5101, at: 5200 }, { at: 4095 }]) {
      const entries = inOrder([...beside, { ...rewind, ...more }])
      assert.deepStrictEqual(found(entries, bothEnded), ["overlap"])
    }
  })

  it("forgive one that starts what a failover forgot when it wakes, and no other", () => {
    const failover = [
      ...beside,
      { what: "rewind", at: 4310, from: 4000, until: 4300 } as const,
      { what: "resume", at: 4990, pid: 1 } as const
    ]
    const frozen = { what: "pause", at: 4100, pid: 1 } as const
    assert.deepStrictEqual(found(inOrder([...failover, frozen]), bothEnded), [])
    assert.deepStrictEqual(found(inOrder(failover), bothEnded), ["overlap"])
    const later = inOrder([...failover, { ...frozen, at: 4400 }])
    assert.deepStrictEqual(found(later, bothEnded), ["overlap"])
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

  it("take the run of a frozen process that its parent killed for ended", () => {
    const [gone, awake] = [Runs.read(frozenUntil("gone")), Runs.read(frozenUntil("resume"))]

    assert.deepStrictEqual(gone.runs.map(({ to }) => to), [150, 5100])
    assert.deepStrictEqual(awake.runs.map(({ to }) => to), [Infinity, 5100])
  })

  it("find jobs that ran again late after a death in peace", () => {
    assert.deepStrictEqual(slow(true, 100, 1101), ["slow recovery"])
    assert.deepStrictEqual(slow(true, 100, 1100), [])
    assert.deepStrictEqual(slow(true, 99, 1101), [])
    assert.deepStrictEqual(slow(false, 100, 6101), ["slow recovery"])
    assert.deepStrictEqual(slow(false, 100, 6100), [])
    assert.deepStrictEqual(slow(true, 100, 6101, 5000), ["slow recovery"])
    assert.deepStrictEqual(slow(true, 100, 6100, 5000), [])
  })

  it("find a child that died at work though nobody killed it", () => {
    const none = new Set<number>()
    const found = (end: string, more: { killed?: number; frozen?: number } = {}) =>
      Logs.deserters(
        `info  working on main, 8 at once, mode row-lock pid=7\n${end}; giving its jobs back\n`,
        {
          killed: more.killed === undefined ? none : new Set([more.killed]),
          frozen: more.frozen === undefined ? none : new Set([more.frozen])
        }
      ).length
    const deaf = "warn  process 7 did not receive the request to stop; killed it\n"
    const unable = "error stopped without signing off; other workers get its jobs pid=7\n"

    assert.strictEqual(found("warn  process 7 ended by SIGABRT"), 1)
    assert.strictEqual(found("warn  process 7 ended by SIGABRT", { killed: 7 }), 0)
    assert.strictEqual(found("warn  process 8 ended with exit code 1"), 0)
    assert.strictEqual(found(`${deaf}warn  process 7 ended by SIGKILL`), 1)
    assert.strictEqual(found(`${deaf}warn  process 7 ended by SIGKILL`, { frozen: 7 }), 0)
    assert.strictEqual(found("warn  process 7 ended with exit code 1"), 1)
    assert.strictEqual(found(`${unable}warn  process 7 ended with exit code 1`), 0)
  })

  it("find a job that ran again in peace though it had ended", () => {
    const killed = { what: "kill", at: 115, pid: 1, isSupervised: true } as const
    const entries = [
      ...added(1, 10),
      ran("start", 1, 100),
      ran("end", 1, 110),
      ran("start", 1, 120, 2)
    ]
    const again = (since: number, more: ReadonlyArray<Ledger.Entry> = []) => {
      const all = inOrder([...entries, ...more])
      return Runs.again(Runs.read(all).runs, all, since).map(({ check }) => check)
    }
    assert.deepStrictEqual(again(100), ["run again"])
    assert.deepStrictEqual(again(101), [])
    assert.deepStrictEqual(again(100, [killed]), [])
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
    ["cancels", 100],
    ["retries", 100],
    ["jobs made to expire", 100],
    ["pauses of a queue", 20],
    ["offers, kept", 100],
    ["offers, replaced", 100],
    ["signals", 100],
    ["jobs added", 30_000]
  ])

  it("name what happened less often than it was promised", () => {
    assert.deepStrictEqual(Quotas.missing(counts, Quotas.shortSeconds), ["TCP cut: 49 of 50"])
  })

  it("grow with the time", () => {
    assert.include(Quotas.missing(counts, 10 * Quotas.shortSeconds), "signals: 100 of 1000")
  })

  it("call it a violation when hardly anything happened", () => {
    const asked = { pace: 1, rate: 260, seconds: Quotas.shortSeconds }
    const seen = new Map([...counts, [Auditor.looks, 200] as const])
    assert.deepStrictEqual(Quotas.tooFew(seen, asked), [])

    const idle = new Map([
      ...seen,
      ["failover, synchronous", 0] as const,
      ["jobs added", 9] as const
    ])
    assert.lengthOf(Quotas.tooFew(idle, asked), 2)
    assert.lengthOf(Quotas.tooFew(idle, { ...asked, pace: 0.1, rate: 0.1 }), 0)
    assert.lengthOf(Quotas.tooFew(new Map([...seen, [Auditor.looks, 50] as const]), asked), 1)
  })
})

/** The run of a frozen process, and a run of another process meanwhile. */
const frozenUntil = (end: "gone" | "resume") =>
  [
    { what: "start", at: 100, pid: 1, run: 1, n: 1, attempt: 1 },
    { what: "pause", at: 150, pid: 1 },
    { what: "start", at: 5000, pid: 2, run: 1, n: 2, attempt: 1 },
    { what: "end", at: 5100, pid: 2, run: 1, n: 2, attempt: 1 },
    { what: end, at: 12_000, pid: 1 }
  ] as const
