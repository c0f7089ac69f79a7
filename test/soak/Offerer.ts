/**
 * Offers unique jobs of a few keys, in each mode: with pgq's own client, or in transactions of its
 * own. The jobs have no lane, and the checks of order leave them out.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit, Layer, Redacted } from "effect"
import type { Offered, OfferedJob, OfferOutcome, Wish } from "../../src/domain/Unique.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import * as Actor from "./Actor.ts"
import * as Client from "./Client.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import type { World } from "./World.ts"

export const offers = "offers"

interface Offerer {
  readonly world: World
  readonly dice: Dice
  readonly index: number
  readonly isOver: () => boolean
}

/** Offers jobs until `isOver`, and ends when the last call has ended. */
export const run = (offerer: Offerer): Effect.Effect<void> => {
  let calls = 0
  const { index, isOver, world } = offerer
  const isDirect = index === 0
  return Effect.gen(function*() {
    const context = yield* Layer.build(
      Layer.provideMerge(
        QueueLive.client(),
        PgClient.layer({
          url: Redacted.make(isDirect ? world.server.url : world.producerUrl),
          applicationName: "soak producer",
          prepare: isDirect || world.bouncer === undefined
        })
      )
    )
    while (!isOver()) {
      const dice = offerer.dice.for(String(calls++))
      yield* Effect.sleep(dice.gap(100))
      const call = offer({ ...offerer, dice }, `o${index}-${calls}`)
      yield* Effect.provideContext(call, context)
    }
  }).pipe(Actor.untilOver(isOver))
}

const offer = Effect.fnUntraced(function*({ dice, world }: Offerer, call: string) {
  const jobs = Array.from({ length: dice.chance(0.7) ? 1 : dice.between(2, 4) }, (_, nth) => {
    const n = world.number()
    return { n, tx: `${call}-${nth}`, job: jobOf(n, dice) }
  })
  for (const { job, n, tx } of jobs) {
    const { name, queue } = job
    const at = Ledger.now()
    world.write({
      what: "intent",
      at,
      n,
      tx,
      queue,
      key: null,
      priority: 0,
      isLater: true,
      does: name
    })
  }
  const sent = Date.now()
  const offered = jobs.map(({ job }) => job)
  const repo = yield* JobRepo
  const ended = yield* Effect.exit(Effect.timeout(
    dice.chance(0.7) ? repo.offer(offered) : inTransaction(offered, dice),
    "30 seconds"
  ))
  for (const [nth, one] of jobs.entries()) {
    note(world, { ...one, sent, answer: Exit.isSuccess(ended) ? ended.value[nth] : "lost" })
  }
})

/** Writes the answer for one job. A transaction that was rolled back has none. */
const note = (world: World, { answer, job, n, sent, tx }: {
  readonly answer: Offered<OfferOutcome | "rejected"> | "lost" | undefined
  readonly job: ReturnType<typeof jobOf>
  readonly n: number
  readonly sent: number
  readonly tx: string
}): void => {
  const now = { at: Ledger.now(), wall: Date.now() }
  const end = (what: Ledger.EndEntry["what"]) => world.write({ what, ...now, tx })
  if (answer === "lost") return end("unknown")
  if (answer === undefined) return end("rollback")
  const { outcome } = answer
  end(outcome === "added" || outcome === "replaced" ? "ack" : "rollback")
  world.count(`${offers}, ${outcome}`)
  world.write({
    what: "offer",
    ...now,
    sent,
    n,
    id: Number(answer.id),
    key: `${job.name} ${job.unique.key}`,
    isWithin: job.unique.within !== undefined,
    outcome
  })
}

const inTransaction = Effect.fnUntraced(function*(jobs: ReadonlyArray<OfferedJob>, dice: Dice) {
  const sql = yield* PgClient.PgClient
  const repo = yield* JobRepo
  const body = Effect.gen(function*() {
    const answers = yield* repo.offer(jobs)
    yield* Effect.sleep(dice.between(0, 100))
    return dice.chance(0.2) ? yield* Effect.fail("rolled back" as const) : answers
  })
  return yield* Effect.catchIf(
    sql.withTransaction(body),
    (error) => error === "rolled back",
    () => Effect.succeed([])
  )
})

type Rule = Pick<Wish, "maxWait" | "mode" | "wait" | "within">

const span = Duration.seconds(1)

const rules: Readonly<Record<string, Rule>> = {
  keep: { mode: "keep" },
  replace: { mode: "replace" },
  reject: { mode: "reject" },
  queued: { mode: "keep-queued" },
  within: { mode: "keep", within: span },
  trail: { mode: "trail", within: span },
  debounce: { mode: "debounce", wait: Duration.millis(200), maxWait: span }
}

const keys = [["u1", "main"], ["u2", "main"], ["u3", "aside"]] as const

/** The jobs of one name fail for good, so that somebody may try them again. */
const jobOf = (n: number, dice: Dice): OfferedJob & { readonly unique: Wish } => {
  const does = dice.weigh({ sleep: 50, flaky: 30, doomed: 20 })
  const rule = dice.weigh({
    keep: 20,
    replace: 30,
    reject: 10,
    queued: 10,
    within: 10,
    trail: 10,
    debounce: 10
  })
  // A replaced job stays in its queue.
  const [key, queue] = dice.pick(keys) ?? keys[0]
  return {
    ...Client.newJob({
      n,
      queue,
      key: null,
      priority: 0,
      seconds: dice.chance(0.5) ? dice.between(0, 10) / 10 : null,
      does,
      millis: dice.between(1, 120),
      tries: does === "doomed" ? 2 : null
    }),
    unique: { ...rules[rule]!, key, isScoped: false }
  }
}
