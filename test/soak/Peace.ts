/**
 * What must hold once the faults are over: work is done as fast as before them, and the jobs of
 * whoever dies now run again as soon as promised.
 */
import { Effect } from "effect"
import * as Burst from "./Burst.ts"
import { ask } from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import { childrenOf, signal, type Worker } from "./WorkerProcesses.ts"
import type { World } from "./World.ts"

/**
 * Invariant I12 of the reliability study: so much of the rate before the faults, within so long.
 */
const share = 0.8
const withinMillis = 30_000

/** Compares with the rate before the faults; answers with the best one. */
export const isAsFast = Effect.fnUntraced(function*(world: World, before: number) {
  const end = Ledger.now() + withinMillis
  let best = yield* Burst.rate(world)
  while (best < share * before && Ledger.now() < end) {
    best = Math.max(best, yield* Burst.rate(world))
  }
  // What could not be measured before is no measure.
  if (best < share * before || before === 0) {
    world.report({
      check: "slow after the faults",
      detail: `${best.toFixed(0)} jobs/s, before the faults ${before.toFixed(0)}`
    })
  }
  return best
})

/**
 * Kills some of those that work, alone and supervised. The ledgers tell how soon their jobs ran
 * again.
 */
export const kill = Effect.fnUntraced(function*(world: World) {
  yield* Burst.add(world, { count: 120, does: "sleep", millis: 3000, keys: 60 })
  const [alone, supervised] = yield* Effect.repeat(victims(world), {
    until: ([alone, supervised]) => alone.length >= kills && supervised.length >= kills
  })
  for (const worker of alone.slice(0, kills)) {
    worker.isTaken = true
    die(world, worker.pid, false)
  }
  for (const pid of supervised.slice(0, kills)) die(world, pid, true)
})

/** The entry of the ledgers after which nothing but `kill` harms anybody. */
export const peace = "peace"

/** Of each kind. */
const kills = 2

const die = ({ count, write }: World, pid: number, isSupervised: boolean): void => {
  count(isSupervised ? "worker kill -9, supervised" : "worker kill -9, alone")
  write({ what: "kill", at: Ledger.now(), pid, isSupervised })
  signal(pid, "SIGKILL")
}

/** Those who hold jobs: who stands alone, and children of supervisors. */
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
