/**
 * Adds many jobs of one kind at once, while there are no faults, and measures how fast they are
 * done.
 */
import { Effect } from "effect"
import * as Database from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import type { World } from "./World.ts"

export interface Kind {
  readonly count: number
  readonly does: "value" | "sleep"
  readonly millis: number
  /** Every second job has a key: its index modulo this number. */
  readonly keys: number
}

/** Adds the jobs in one transaction. */
export const add = Effect.fnUntraced(function*(world: World, kind: Kind) {
  const { number, server, write } = world
  const tx = `burst-${Ledger.now()}`
  const jobs = Array.from({ length: kind.count }, (_, index) => ({
    n: number(),
    does: kind.does,
    millis: kind.millis,
    key: index % 2 === 0 ? null : `burst-${index % kind.keys}`
  }))
  for (const { does, key, n } of jobs) {
    write({
      what: "intent",
      at: Ledger.now(),
      n,
      tx,
      queue: "main",
      key,
      priority: 0,
      isLater: false,
      does
    })
  }
  const sql = yield* Database.connect(server.url)
  yield* sql`
    INSERT INTO pgq.jobs (queue, name, serialization_key, payload)
    SELECT 'main', does, key, jsonb_build_object('n', n, 'millis', millis)
    FROM jsonb_to_recordset(${JSON.stringify(jobs)}::jsonb)
      AS job(n bigint, does text, millis integer, key text)
  `
  write({ what: "ack", at: Ledger.now(), wall: Date.now(), tx })
  world.count("jobs added", kind.count)
}, Effect.scoped)

/**
 * Adds a burst of jobs, waits until no jobs are left, and answers the jobs a second. The answer is
 * 0 if that takes longer than a minute.
 */
export const rate = Effect.fnUntraced(function*(world: World) {
  const from = Ledger.now()
  yield* add(world, { count: burst, does: "value", millis: 0, keys: 500 })
  const isDone = yield* drained(world.server.url, 60)
  return isDone ? burst * 1000 / (Ledger.now() - from) : 0
})

const burst = 5000

/** Waits until no jobs are left. Answers whether that took at most `secondsMax`. */
export const drained = Effect.fnUntraced(function*(url: string, secondsMax: number) {
  const end = Ledger.now() + secondsMax * 1000
  while (Ledger.now() < end) {
    if ((yield* unfinished(url)) === 0) return true
    yield* Effect.sleep("50 millis")
  }
  return false
})

export const unfinished = (url: string) =>
  Effect.map(
    Database.ask(url, (sql) => sql<{ n: number }>`SELECT count(*)::integer AS n FROM pgq.jobs`),
    ([row]) => row?.n ?? 0
  )
