/**
 * Adds jobs as applications do. Transactions stay open, roll back, fail or lose their connection,
 * at any isolation level; they use INSERT or `pgq.enqueue`. Other jobs are added by pgq's own
 * client.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Exit } from "effect"
import * as Client from "./Client.ts"
import { connect } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"

export interface Producer {
  readonly name: string
  readonly url: string
  /** Whether a pooler that keeps no prepared statements stands before the server. */
  readonly isPooled: boolean
  readonly dice: Dice
  /** Jobs a second. */
  readonly rate: number
  readonly write: (entry: Ledger.Entry) => void
  readonly isOver: () => boolean
  /** The next number of a job, unique among all producers. */
  readonly number: () => number
  /** Called with the number of jobs whose commit was answered. */
  readonly added: (times: number) => void
}

/** Adds jobs until `isOver`, and ends when the last transaction has ended. */
export const run = (producer: Producer): Effect.Effect<void> => {
  let transactions = 0
  const next = () => transactions++
  const prepare = !producer.isPooled
  return Effect.gen(function*() {
    const sql = yield* connect(producer.url, "soak producer", { prepare })
    const enqueue = yield* Client.connect(producer.url, "soak producer", prepare)
    return yield* produce(producer, { sql, enqueue }, next)
  }).pipe(
    Effect.scoped,
    Effect.exit,
    Effect.andThen(Effect.sleep("100 millis")),
    Effect.repeat({ while: () => !producer.isOver() }),
    Effect.asVoid
  )
}

const produce = Effect.fnUntraced(
  function*(producer: Producer, by: Ways, next: () => number) {
    let due = Ledger.now()
    while (!producer.isOver()) {
      const index = next()
      // Each transaction has dice of its own, so that no transaction changes the throws of the next
      // one.
      const dice = producer.dice.for(String(index))
      const add = dice.chance(0.2) ? addWithClient : transact
      const count = yield* add({ ...producer, dice }, by, index)
      due += dice.gap(1000 * count / producer.rate)
      yield* Effect.sleep(Math.max(due - Ledger.now(), 0))
    }
  }
)

interface Ways {
  readonly sql: PgClient.PgClient
  readonly enqueue: Client.Client
}

const addWithClient = Effect.fnUntraced(
  function*({ added, dice, name, number, write }: Producer, by: Ways, index: number) {
    const tx = `${name}-${Ledger.now()}-${index}`
    const jobs = Array.from(
      { length: dice.chance(0.3) ? dice.between(2, 20) : 1 },
      () => ({ ...job(dice), n: number() })
    )
    for (const { does, isLater, key, n, priority, queue } of jobs) {
      write({ what: "intent", at: Ledger.now(), n, tx, queue, key, priority, isLater, does })
    }
    const what = yield* by.enqueue(jobs.map(Client.newJob))
    write({ what, at: Ledger.now(), wall: Date.now(), tx })
    if (what === "ack") added(jobs.length)
    return jobs.length
  }
)

const transact = Effect.fnUntraced(
  function*({ added, dice, name, number, write }: Producer, { sql }: Ways, index: number) {
    const tx = `${name}-${Ledger.now()}-${index}`
    const end = (what: Ledger.EndEntry["what"]) =>
      write({ what, at: Ledger.now(), wall: Date.now(), tx })
    const batches = Array.from(
      { length: dice.chance(0.7) ? 1 : 2 },
      () => Array.from({ length: dice.chance(0.3) ? dice.between(2, 20) : 1 }, () => job(dice))
    )
    const isolation = dice.weigh({
      "READ COMMITTED": 60,
      "REPEATABLE READ": 20,
      SERIALIZABLE: 20
    })
    const hold = dice.weigh({ no: 80, shortly: 17, long: 3 })
    const fate = dice.weigh({ COMMIT: 88, ROLLBACK: 9, leave: 3 })

    const body = Effect.gen(function*() {
      yield* sql.unsafe(`BEGIN ISOLATION LEVEL ${isolation}`).unprepared
      for (const batch of batches) {
        const jobs = batch.map((one) => ({ ...one, n: number() }))
        for (const { does, isLater, key, n, priority, queue } of jobs) {
          write({ what: "intent", at: Ledger.now(), n, tx, queue, key, priority, isLater, does })
        }
        yield* dice.chance(0.5) ? insert(sql, jobs) : enqueue(sql, jobs)
        if (hold === "shortly") yield* Effect.sleep(dice.between(20, 400))
      }
      if (hold === "long") yield* Effect.sleep(dice.between(1000, 4000))
    })
    // A transaction that failed before its commit has added nothing.
    yield* Effect.tapCause(
      Effect.timeout(body, "15 seconds"),
      () => Effect.sync(() => end("rollback"))
    )
    if (fate === "leave") {
      end("rollback")
      return yield* Effect.fail("gone in the middle of a transaction")
    }
    const ended = yield* Effect.exit(Effect.timeout(sql.unsafe(fate).unprepared, "15 seconds"))
    end(fate === "ROLLBACK" ? "rollback" : Exit.isSuccess(ended) ? "ack" : "unknown")
    yield* ended
    if (fate === "COMMIT") added(batches.flat().length)
    return batches.flat().length
  }
)

interface Job {
  readonly queue: string
  readonly key: string | null
  readonly priority: number
  readonly seconds: number | null
  readonly isLater: boolean
  readonly does: string
  readonly millis: number
  readonly tries: number | null
}

const job = (dice: Dice): Job => {
  const does = dice.weigh({
    value: 32,
    sleep: 16,
    promise: 10,
    effect: 10,
    spin: 6,
    flaky: 8,
    doomed: 2,
    transact: 14,
    vain: 2
  })
  const keyed = dice.weigh({ none: 40, one: 5, ten: 30, many: 25 })
  // Some jobs may outlive a lease, in lanes where hardly any other job waits for them.
  const isLong = keyed === "many" && does === "sleep" && dice.chance(0.02)
  // Some transactions are open when a fault hits their worker.
  const isOpenLong = (keyed === "none" || keyed === "many") && does === "transact" &&
    dice.chance(0.5)
  const isLater = dice.chance(0.15)
  return {
    queue: dice.chance(0.85) ? "main" : "aside",
    key: keyed === "none"
      ? null
      : keyed === "one"
      ? "one"
      : `${keyed}-${dice.between(1, keyed === "ten" ? 10 : 1_000_000)}`,
    priority: dice.chance(0.7) ? 0 : dice.between(-5, 10),
    isLater,
    seconds: isLater ? dice.between(0, 60) / 10 : null,
    does,
    // Jobs of the lane `one` are short. This lane would otherwise be the last one to become empty.
    millis: isLong
      ? dice.between(8000, 22_000)
      : isOpenLong
      ? dice.between(200, 3000)
      : keyed === "one"
      ? 2
      : dice.between(1, does === "spin" || keyed === "ten" ? 30 : 120),
    tries: does === "doomed" || does === "vain" ? 2 : null
  }
}

type Numbered = Job & { readonly n: number }

const insert = (sql: PgClient.PgClient, jobs: ReadonlyArray<Numbered>) =>
  sql`
    INSERT INTO pgq.jobs
      (queue, name, serialization_key, priority, run_at, max_attempts, payload)
    SELECT queue, does, key, priority, now() + make_interval(secs => seconds), tries,
           jsonb_build_object('n', n, 'millis', millis)
    FROM jsonb_to_recordset(${JSON.stringify(jobs)}::jsonb) AS job(
      queue text, does text, key text, priority integer, seconds double precision, tries integer,
      n bigint, millis integer
    )
  `

const enqueue = (sql: PgClient.PgClient, jobs: ReadonlyArray<Numbered>) =>
  Effect.forEach(jobs, ({ does, key, millis, n, priority, queue, seconds, tries }) =>
    sql`
      SELECT pgq.enqueue(
        name => ${does},
        payload => jsonb_build_object('n', ${n}::bigint, 'millis', ${millis}::integer),
        key => ${key}::text, priority => ${priority}::integer,
        run_at => now() + make_interval(secs => ${seconds}::double precision),
        queue => ${queue}, max_attempts => ${tries}::integer
      )
    `, { discard: true })
