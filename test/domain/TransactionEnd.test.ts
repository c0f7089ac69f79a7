/**
 * A worker's next step after each end of a transaction that was to complete a job.
 *
 * Tests `src/domain/TransactionEnd.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Exit } from "effect"
import { StoreError } from "../../src/domain/Errors.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import {
  afterAnswer,
  type CommitAnswer,
  Next,
  next,
  type TransactionEnd
} from "../../src/domain/TransactionEnd.ts"

const declined = Exit.fail("declined")
const stopped = Exit.interrupt(1)
const success = Exit.succeed("value")

const refused = (code: string, isTransient = false) =>
  new StoreError({ operation: "commit", isTransient, code, detail: code, cause: `error ${code}` })

const lost = new StoreError({
  operation: "commit",
  isTransient: true,
  isOutcomeUnknown: true,
  detail: "connection lost",
  cause: undefined
})

const unreached = new StoreError({
  operation: "commit",
  isTransient: true,
  isOutcomeUnknown: false,
  detail: "no connection",
  cause: undefined
})

const end = (given: Partial<TransactionEnd>): TransactionEnd => ({
  isCommitted: false,
  phase: "committing",
  exit: success,
  ...given
})

const released = Next.Settle({ settlement: Settlement.Released() })
const first = Next.Again({ delay: 75 })
const defect = (code: string) => Next.Decide({ exit: Exit.die(`error ${code}`) })

const rows: ReadonlyArray<readonly [what: string, end: TransactionEnd, next: Next]> = [
  ["COMMIT is answered", end({ isCommitted: true }), Next.Done({ exit: success })],
  [
    "COMMIT is answered, whatever came after",
    end({ isCommitted: true, error: lost }),
    Next.Done({ exit: success })
  ],
  [
    "the handler fails",
    end({ phase: "running", exit: declined }),
    Next.Decide({ exit: declined })
  ],
  [
    "the handler is interrupted",
    end({ phase: "running", exit: stopped }),
    Next.Decide({ exit: stopped })
  ],
  [
    "the run is interrupted while it waits for a connection",
    end({ phase: "beginning", exit: stopped }),
    Next.Decide({ exit: stopped })
  ],
  ["the lease was lost", end({ error: refused("PGQ03") }), Next.Lose()],
  ["serialization failure at COMMIT", end({ error: refused("40001", true) }), first],
  ["deadlock at COMMIT", end({ error: refused("40P01", true) }), first],
  ["lock timeout at COMMIT", end({ error: refused("55P03", true) }), first],
  [
    "lock timeout at the completion",
    end({ phase: "completing", error: refused("55P03", true) }),
    first
  ],
  ["no connection", end({ phase: "beginning", error: unreached }), first],
  ["a deferred constraint at COMMIT", end({ error: refused("23514") }), defect("23514")],
  ["another isolation level", end({ error: refused("25001") }), defect("25001")],
  [
    "an aborted transaction, of which the handler has kept the error",
    end({ phase: "completing", error: refused("25P02") }),
    defect("25P02")
  ],
  ["connection lost at BEGIN", end({ phase: "beginning", error: lost }), released],
  [
    "connection lost while the handler ran",
    end({ phase: "running", exit: declined, error: lost }),
    released
  ],
  ["connection lost before COMMIT was sent", end({ phase: "completing", error: lost }), released],
  [
    "session ended by the server for the time of its transaction",
    end({ phase: "running", exit: stopped, error: refused("25P03") }),
    Next.Decide({ exit: stopped })
  ],
  ["connection lost at COMMIT", end({ error: lost }), Next.Ask({ exit: success })],
  [
    "interrupted at COMMIT, with no answer kept",
    end({ exit: stopped }),
    Next.Ask({ exit: stopped })
  ]
]

describe("the end of a transaction", () => {
  it.each(rows)("%s", (_, end, expected) => {
    assert.deepStrictEqual(next(end, { tries: 0, random: 0.5 }), expected)
  })

  it("that the database has refused for now is tried again three times, then later", () => {
    const busy = end({ error: refused("55P03", true) })
    const nexts = [0, 1, 2, 3].map((tries) => next(busy, { tries, random: 0.99 }))
    const least = [0, 1, 2].map((tries) => next(busy, { tries, random: 0 }))

    assert.deepStrictEqual(
      nexts.slice(0, 3),
      [99.5, 199, 398].map((delay) => Next.Again({ delay }))
    )
    assert.deepStrictEqual(least, [50, 100, 200].map((delay) => Next.Again({ delay })))
    assert.deepStrictEqual(
      nexts[3],
      Next.Settle({
        settlement: Settlement.Snoozed({
          delay: Duration.seconds(1),
          error: "the transaction could not be committed: commit: 55P03",
          holdsLane: true
        })
      })
    )
  })

  const answers: ReadonlyArray<readonly [CommitAnswer, Next]> = [
    ["leased", released],
    ["lost", Next.Lose()],
    ["settled", Next.Done({ exit: success })]
  ]
  it.each(answers)("of which the store answers: %s", (answer, expected) => {
    assert.deepStrictEqual(afterAnswer(answer, success), expected)
  })
})
