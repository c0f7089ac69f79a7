/**
 * The commands that offer unique jobs, in each mode.
 */
import { Duration, Effect } from "effect"
import type { OfferedJob, Wish } from "../../src/domain/Unique.ts"
import { jobOf } from "../Given.ts"
import * as ModelOffers from "./ModelOffers.ts"
import { keyOf } from "./ProducerCommands.ts"
import type { Command, Run } from "./QueueMachine.ts"
import * as QueueModel from "./QueueModel.ts"

export const operations = [
  "offer",
  "offer a job that expires",
  "offer twice in one call",
  "offer and roll back",
  "end the holds"
] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

/** All holds begin at one time, and no job comes due by itself. */
const hour = Duration.millis(QueueModel.later)

type Rule = ModelOffers.ModelOffer["wish"]

const debounce: Rule = { mode: "debounce", wait: hour, maxWait: Duration.times(hour, 3) }

/** The simple modes first, and more often. */
const rules: ReadonlyArray<Rule> = [
  { mode: "keep" },
  { mode: "replace" },
  { mode: "reject" },
  { mode: "keep-queued" },
  { mode: "keep", within: hour },
  { mode: "replace", within: hour },
  { mode: "reject", within: hour },
  { mode: "trail", within: hour },
  debounce,
  { mode: "keep" },
  { mode: "replace" },
  { mode: "replace" },
  { mode: "trail", within: hour }
]

export const make = ({ model, queue, seats }: Run) => {
  const offers = ModelOffers.make(model)
  const seat = () => seats.control.now()
  let last = 0

  /** A job in two forms, for the queue and for the model. */
  const make = ({ detail, key, priority, who }: Command, expires: boolean) => {
    const rule = rules[detail % rules.length]!
    const n = ++last
    const uniqueKey = `u${who % 2}`
    const unique: Wish = { ...rule, key: uniqueKey, isScoped: false }
    const lane = keyOf(key)
    const offered: OfferedJob = {
      ...jobOf(queue, {
        key: lane,
        priority,
        payload: JSON.stringify({ n }),
        ...expires ? { expiresIn: hour } : {}
      }),
      unique
    }
    const expiresAt = expires ? QueueModel.later : undefined
    return { offered, model: { uniqueKey, wish: rule, job: { key: lane, priority, n, expiresAt } } }
  }

  const offer = Effect.fnUntraced(function*(command: Command, times: number, expires = false) {
    const jobs = Array.from({ length: times }, () => make(command, expires))
    const answers = yield* seat().repo.offer(jobs.map(({ offered }) => offered))
    offers.offered(jobs.map(({ model }) => model), answers)
  })

  const offerInVain = Effect.fnUntraced(function*(command: Command) {
    const { repo, session } = seat()
    yield* session.begin
    yield* repo.offer([make(command, false).offered])
    yield* session.rollback
  })

  const endHolds = Effect.gen(function*() {
    yield* seat().session.sql`UPDATE pgq.holds SET until = clock_timestamp()`
    yield* seat().scheduler.forget
    offers.endHolds()
  })

  return {
    step: (op: Operation, command: Command): Effect.Effect<void, unknown> => {
      switch (op) {
        case "offer":
          return offer(command, 1)
        case "offer a job that expires":
          return offer(command, 1, true)
        case "offer twice in one call":
          return offer(command, 2)
        case "offer and roll back":
          return offerInVain(command)
        case "end the holds":
          return endHolds
      }
    }
  }
}
