/**
 * Guest triggers on pgq's tables. Their changes are honoured or refused, whatever their names are.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

/** Makes a guest trigger, and drops it when the scope ends. */
const withTrigger = Effect.fnUntraced(function*(
  { sql }: Session.Session,
  options: { readonly name: string; readonly when: string; readonly body: string }
) {
  const name = `user_${crypto.randomUUID().replaceAll("-", "")}`
  const table = /ON (\S+)/.exec(options.when)![1]!
  yield* sql.unsafe(`
    CREATE FUNCTION public.${name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN ${options.body} END $$
  `).unprepared
  yield* Effect.acquireRelease(
    sql.unsafe(`
      CREATE TRIGGER "${options.name}" ${options.when} EXECUTE FUNCTION public.${name}()
    `).unprepared,
    () => Effect.orDie(sql.unsafe(`DROP TRIGGER "${options.name}" ON ${table}`).unprepared)
  )
})

const setup = Effect.gen(function*() {
  const [a, b] = [yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  return { a, b, queue, worker: yield* a.worker(queue) }
})

const stateOf = ({ sql }: Session.Session, id: bigint) =>
  Effect.map(
    sql<{ state: string }>`SELECT state FROM pgq.jobs WHERE id = ${id}`,
    ([row]) => row?.state
  )

const refusal = <A, E>(statement: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(statement), (error) => {
    const { cause } = (error as { reason: { cause: { code: string; hint: string } } }).reason
    return { code: cause.code, hint: cause.hint }
  })

const changes = [
  { body: "NEW.run_at := now() + interval '1 hour';", insert: "scheduled", update: "scheduled" },
  { body: "NEW.serialization_key := 'given';", insert: "waiting", update: "waiting" },
  { body: "NEW.serialization_key := NULL;", insert: "ready", update: "ready" }
]

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("triggers", (it) => {
  for (const name of ["a_first", "zz_last", "é"]) {
    for (const { body, insert, update } of changes) {
      it.effect(`${name} before an insert: ${body}`, () =>
        Effect.gen(function*() {
          const { a, queue, worker } = yield* setup
          const when = "BEFORE INSERT ON pgq.jobs FOR EACH ROW"
          yield* withTrigger(a, { name, when, body: `${body} RETURN NEW;` })

          const adding = a.insert({ queue, ...(insert === "ready" ? { key: "k" } : {}) })
          if (name === "é") {
            const { code, hint } = yield* refusal(adding)
            // A waiting job without a key violates a constraint of the table. The check of trigger
            // names comes later.
            if (insert === "ready") assert.strictEqual(code, "23514")
            else assert.deepStrictEqual([code, /sorts before/.test(hint)], ["27000", true])
            return
          }
          const id = yield* adding
          assert.strictEqual(yield* stateOf(a, id), insert)
          const { ids } = yield* a.claim({ queue, worker })
          assert.deepStrictEqual(ids, insert === "scheduled" ? [] : [id])
        }).pipe(Effect.scoped))

      it.effect(`${name} before an update: ${body}`, () =>
        Effect.gen(function*() {
          const { a, queue, worker } = yield* setup
          const job = yield* a.insert({ queue, ...(update === "ready" ? { key: "k" } : {}) })
          const when = "BEFORE UPDATE ON pgq.jobs FOR EACH ROW"
          yield* withTrigger(a, {
            name,
            when,
            body: `IF NEW.priority = 7 THEN ${body} END IF; RETURN NEW;`
          })

          const changing = a.sql`UPDATE pgq.jobs SET priority = 7 WHERE id = ${job}`
          if (name === "é" && update !== "waiting") {
            const { code } = yield* refusal(changing)
            assert.strictEqual(code, update === "ready" ? "23514" : "27000")
            return
          }
          yield* changing
          const { ids } = yield* a.claim({ queue, worker })
          assert.deepStrictEqual(ids, update === "scheduled" ? [] : [job])
        }).pipe(Effect.scoped))
    }
  }

  it.effect("a trigger that keeps a row from being deleted keeps it for its worker", () =>
    Effect.gen(function*() {
      const { a, queue, worker } = yield* setup
      const job = yield* a.insert({ queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* Effect.scoped(Effect.gen(function*() {
        const when = "BEFORE DELETE ON pgq.jobs FOR EACH ROW"
        yield* withTrigger(a, { name: "keeper", when, body: "RETURN NULL;" })
        yield* a.sql`DELETE FROM pgq.jobs WHERE id = ${job}`
      }))
      assert.deepStrictEqual(yield* a.complete(lease, [job]), [])
    }))

  it.effect(
    "a trigger on the history that cancels jobs of another lane leaves that lane going",
    () =>
      Effect.gen(function*() {
        const { a, queue, worker } = yield* setup
        const done = yield* a.insert({ queue, key: "a" })
        const [head, next] = [
          yield* a.insert({ queue, key: "b" }),
          yield* a.insert({ queue, key: "b" })
        ]
        const held = yield* a.claim({ queue, worker })
        assert.deepStrictEqual(held.ids, [done, head])
        yield* a.settleOther({ lease: held.lease, id: String(head), outcome: "released" })
        yield* withTrigger(a, {
          name: "canceller",
          when: "AFTER INSERT ON pgq.completed_jobs FOR EACH ROW",
          body: `DELETE FROM pgq.jobs WHERE id = ${head}; RETURN NULL;`
        })

        assert.deepStrictEqual(yield* a.complete(held.lease, [done]), [])
        const after = yield* a.claim({ queue, worker })
        assert.deepStrictEqual(after.ids, [next])
      }).pipe(Effect.scoped)
  )
})
