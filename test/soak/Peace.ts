/**
 * Checks after the faults. Jobs are done as fast as before, and the jobs of a worker that dies now
 * run again as soon as promised.
 */
import { Effect } from "effect"
import * as Burst from "./Burst.ts"
import { ask } from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import { childrenOf, signal, type Worker } from "./WorkerProcesses.ts"
import type { World } from "./World.ts"

/**
 * Invariant I12 of the reliability study: this share of the rate before the faults, within this
 * time.
 */
const share = 0.8
const withinMillis = 30_000

/** Measures until the rate is high enough, or the time is over. Answers the best rate. */
export const isAsFast = Effect.fnUntraced(function*(world: World, before: number) {
  const end = Ledger.now() + withinMillis
  let best = yield* Burst.rate(world)
  while (best < share * before && Ledger.now() < end) {
    best = Math.max(best, yield* Burst.rate(world))
  }
  // Without a rate from before the faults there is nothing to compare with, which is a violation,
  // too.
  if (best < share * before || before === 0) {
    world.report({
      check: "slow after the faults",
      detail: `${best.toFixed(0)} jobs/s, before the faults ${before.toFixed(0)}`
    })
  }
  return best
})

/**
 * Kills some workers that hold jobs, supervised and unsupervised. The ledgers tell how soon their
 * jobs ran again.
 */
export const kill = Effect.fnUntraced(function*(world: World) {
  const search = Effect.gen(function*() {
    // A few workers may have run all jobs while the others looked for some.
    if ((yield* Burst.unfinished(world.server.url)) === 0) {
      yield* Burst.add(world, { ...held, does: "sleep", millis: 3000 })
    }
    return yield* victims(world)
  })
  const [alone, supervised] = yield* Effect.repeat(search, {
    until: ([alone, supervised]) => alone.length >= kills && supervised.length >= kills
  })
  for (const worker of alone.slice(0, kills)) {
    worker.isTaken = true
    die(world, worker.pid, false)
  }
  for (const pid of supervised.slice(0, kills)) die(world, pid, true)
})

/** The name of the ledger entry after which `kill` is the only fault. */
export const peace = "peace"

/** The number of workers of each kind that are killed. */
const kills = 2

/**
 * Of these jobs at most 60 run at once: 40 without a key, and one of each of 20 keys. The eight
 * workers that stay alive have 64 slots, so that no job of a killed worker waits for a free slot.
 */
const held = { count: 80, keys: 40 }

const die = ({ count, write }: World, pid: number, isSupervised: boolean): void => {
  count(isSupervised ? "worker kill -9, supervised" : "worker kill -9, alone")
  write({ what: "kill", at: Ledger.now(), pid, isSupervised })
  signal(pid, "SIGKILL")
}

/** The workers that hold jobs: those without a supervisor, and the children of supervisors. */
const victims = ({ crew, server }: World) =>
  Effect.map(
    ask(server.url, (sql) =>
      sql<{ pid: number }>`
        SELECT DISTINCT w.pid FROM pgq.leases AS l JOIN pgq.workers AS w ON w.id = l.worker_id
      `),
    (rows): readonly [ReadonlyArray<Worker>, ReadonlyArray<number>] => {
      const holders = new Set(rows.map(({ pid }) => pid))
      const workers = crew.workers().filter(({ isReady, isTaken }) => isReady && !isTaken)
      return [
        workers.filter(({ pid, place }) => place.processes === undefined && holders.has(pid)),
        workers.flatMap(({ pid, place }) => place.processes === undefined ? [] : childrenOf(pid))
          .filter((pid) => holders.has(pid))
      ]
    }
  )
