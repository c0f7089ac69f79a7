/**
 * People change many jobs while settlements record the ends of these jobs. Where both wait for each
 * other, the settlement gives up, never the statement of the person.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { millis } from "../engine/Live.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const rounds = 20

/** Makes a guest trigger that does nothing, and drops it when the scope ends. */
const their = Effect.fnUntraced(function*(event: string) {
  const { sql } = yield* Session.open
  yield* Effect.acquireRelease(
    Effect.andThen(
      sql.unsafe(`
        CREATE FUNCTION public.theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$
      `).unprepared,
      sql.unsafe(`
        CREATE TRIGGER theirs AFTER ${event} FOR EACH ROW EXECUTE FUNCTION public.theirs()
      `).unprepared
    ),
    () => Effect.orDie(sql.unsafe("DROP FUNCTION public.theirs CASCADE").unprepared)
  )
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("people", (it) => {
  for (const guest of [undefined, "DELETE ON pgq.jobs", "UPDATE ON pgq.jobs"] as const) {
    it.effect(
      `go on soon where a settlement waits for what they hold, with ${guest ?? "no trigger"}`,
      () =>
        Effect.gen(function*() {
          const [a, person] = [yield* Session.open, yield* Session.open]
          const queue = crypto.randomUUID()
          const worker = yield* a.worker(queue)
          const isRun = guest === "UPDATE ON pgq.jobs"
          const job = isRun ? { queue, key: "k" } : { queue }
          const ids = [yield* a.insert(job), yield* a.insert(job)]
          if (guest !== undefined) yield* their(guest)
          const { lease } = yield* a.claim({ queue, worker, perLaneMax: 5 })
          const change = (id: bigint) =>
            person.sql`UPDATE pgq.jobs SET payload = '{"n": 1}' WHERE id = ${id}`

          yield* person.begin
          yield* change(ids[1]!)
          // The settlement locks the first job and waits for the second job. The second job ends,
          // too, or is the next one of its lane run.
          const ended = isRun ? ids.slice(0, 1) : ids
          const settling = yield* Effect.forkChild(Effect.exit(a.complete(lease, ended)))
          yield* Session.someoneWaits
          const began = yield* millis
          yield* change(ids[0]!)
          const waited = (yield* millis) - began
          yield* person.commit
          const exit = yield* Fiber.join(settling)

          assert.isBelow(waited, 600)
          assert.isTrue(Exit.isFailure(exit))
          assert.deepStrictEqual(yield* a.complete(lease, ids), [])
        }).pipe(Effect.scoped)
    )
  }

  it.effect("see none of their statements end in a deadlock", () =>
    Effect.gen(function*() {
      const [boss, person] = [yield* Session.open, yield* Session.open]
      const queue = crypto.randomUUID()
      const add = boss.sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key)
        SELECT ${queue}, 'test', CASE WHEN n % 4 = 0 THEN 'lane ' || n % 7 END
        FROM generate_series(1, 600) AS n
      `
      yield* add
      const so = { far: 0, isOver: false }
      const work = Effect.gen(function*() {
        const session = yield* Session.open
        const worker = yield* session.worker(queue)
        while (!so.isOver) {
          const { ids, lease } = yield* session.claim({ queue, worker, limit: 50, perLaneMax: 5 })
          if (ids.length === 0) {
            yield* add
            continue
          }
          yield* Effect.retry(session.complete(lease, ids), { times: 100 })
          so.far += ids.length
        }
      })
      const change = Effect.gen(function*() {
        const said: Array<string> = []
        for (let round = 0; round < rounds || so.far < 600; round++) {
          const exit = yield* Effect.exit(person.sql`
            UPDATE pgq.jobs AS j SET priority = (random() * 3)::integer
            FROM (SELECT id FROM pgq.jobs WHERE queue = ${queue} ORDER BY random()) AS any_order
            WHERE j.id = any_order.id
          `)
          if (Exit.isFailure(exit)) said.push(String(exit.cause))
        }
        so.isOver = true
        return said
      })
      const [said] = yield* Effect.all([change, work, work, work], { concurrency: "unbounded" })

      assert.deepStrictEqual(said, [])
    }), 60_000)
})
