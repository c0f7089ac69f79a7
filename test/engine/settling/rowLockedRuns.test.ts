/**
 * A person has locked the row of a job whose run has ended. The settlements of later jobs of its
 * lane run wait behind it.
 *
 * Tests `src/layers/worker/Settler.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Queue } from "effect"
import type { ClaimLost } from "../../../src/domain/Errors.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Settler from "../../../src/layers/worker/Settler.ts"
import { claim, enqueue, queueName, settled, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"
import { finished, options, unfinished } from "../Live.ts"

const ends = {
  "goes back": Settlement.Released(),
  "is unhandled": Settlement.Unhandled({ delay: Duration.hours(1), error: "nobody knows it" }),
  "is to be tried again": Settlement.Retried({
    delay: Duration.hours(1),
    error: "no",
    holdsLane: true
  }),
  "is to be tried again after others": Settlement.Retried({
    delay: Duration.hours(1),
    error: "no",
    holdsLane: false
  }),
  "blocks its lane": Settlement.Failed({ error: "no", blocksLane: true })
}

layer(PgQueue.layer, options)("a job whose row is held", (it) => {
  for (const [what, settlement] of Object.entries(ends)) {
    it.effect(`stays finished when the next one of its run ${what}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const person = yield* Session.open
        yield* enqueue(queue, { key: "k" }, { key: "k" }, { key: "k" })
        const run = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 2 })
        const [first, second, third] = run.map(({ id }) => id)
        const answers = yield* Queue.unbounded<ReadonlyArray<ClaimLost>>()
        const settler = yield* Settler.make({
          onAnswer: (_, lost) => void Queue.offerUnsafe(answers, lost),
          onMadeReady: () => {}
        })

        yield* person.begin
        yield* person.sql`SELECT FROM pgq.jobs WHERE id = ${first} FOR UPDATE`
        settler.add(settled(run[0]!, Settlement.Completed()))
        yield* Queue.take(answers)
        settler.add(settled(run[1]!, settlement))
        yield* Queue.take(answers)
        yield* person.commit
        yield* settler.drained
        const lost = yield* Queue.takeAll(answers)

        assert.deepStrictEqual(lost.flat(), [])
        assert.deepStrictEqual((yield* finished(queue)).map(({ id }) => id), [first])
        assert.deepStrictEqual(
          (yield* unfinished(queue)).map(({ error, id }) => [id, error]),
          [[second, "error" in settlement ? settlement.error : null], [third, null]]
        )
        assert.deepStrictEqual(settler.leases(), [])
      }).pipe(Effect.scoped))
  }
})
