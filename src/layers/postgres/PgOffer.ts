/**
 * Offers unique jobs to PostgreSQL. The steps behind it are in `sql/0016_unique.sql`.
 *
 * An offer may wait for a transaction that has its key. So offers do not travel with plain jobs,
 * and one that would keep others waiting is put aside and sent again.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Option, Schedule } from "effect"
import { StoreError } from "../../domain/Errors.ts"
import type { Offered, OfferedJob, OfferOutcome } from "../../domain/Unique.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import * as Backoff from "../effects/Backoff.ts"
import * as Batcher from "../effects/Batcher.ts"
import * as PgEnqueue from "./PgEnqueue.ts"
import * as PgOffers from "./PgOffers.ts"

export const make = Effect.fnUntraced(function*(sql: PgClient.PgClient, schema: string) {
  const statements = PgOffers.make(sql, schema)
  const together = PgEnqueue.addOnce(statements.once({ step: "offer_many", isWhole: false }))
  const whole = PgEnqueue.addOnce(statements.once({ step: "offer_many", isWhole: true }))
  const apart = yield* Batcher.make({
    call: PgEnqueue.addOnce(statements.once({ step: "offer_apart", isWhole: false })),
    isIsolated: (error: StoreError) => !error.isTransient,
    itemsMax: 100
  })

  const single = (job: OfferedJob) =>
    apart.add(job).pipe(
      Effect.filterOrFail(isFree, held),
      Effect.retry({ schedule: untilFree, while: ({ code }) => code === locked })
    )

  const offer: JobRepo["Service"]["offer"] = Effect.fn("JobRepo.offer")(
    function*(jobs, { isWhole = false } = {}) {
      const [first, ...others] = jobs
      if (first === undefined) return []
      const transaction = yield* Effect.serviceOption(sql.transactionService)
      const answers = yield* Option.isSome(transaction)
        ? statements.offer(jobs, isWhole)
        : others.length === 0
        ? Effect.map(single(first), (answer) => [answer])
        : (isWhole ? whole : together)(jobs).pipe(
          Effect.retry({ times: 3, while: ({ code }) => code === locked })
        )
      return answers.filter(isFree)
    }
  )

  return offer
})

type Answer = PgOffers.Answer

/** Whether an answer says what became of the job. */
const isFree = (answer: Answer): answer is Offered<OfferOutcome | "rejected"> =>
  answer.id !== null && answer.outcome !== null && answer.outcome !== "held"

/** Another transaction has locked the key for longer than the step waits. */
const locked = "55P03"

const held = () =>
  new StoreError({
    operation: "offer",
    isTransient: true,
    code: locked,
    detail: "another transaction has the unique key, and stays open",
    cause: undefined
  })

/** As long as a statement may take. */
const untilFree = Backoff.schedule({ base: "50 millis", cap: "1 second" }).pipe(
  Schedule.upTo({ duration: "20 seconds" })
)
