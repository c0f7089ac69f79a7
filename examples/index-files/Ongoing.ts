/**
 * Work that goes on while the dashboard is open, so that there is something to see: mail of some
 * customers, one after the other for each, and a report that fails and blocks its lane.
 */
import { Effect, Layer, Schedule, Schema } from "effect"
import { enqueue, enqueueAll, Job, OnError, QueueLive } from "pgq"

const SendMail = Job.make("send-mail", {
  payload: Schema.Struct({ customer: Schema.String, n: Schema.Int })
})

class LedgerIsOpen extends Schema.TaggedError<LedgerIsOpen>()("LedgerIsOpen", {
  month: Schema.String
}) {
  override get message(): string {
    return `the ledger of ${this.month} is still open`
  }
}

/** A month is reported before the next one, or not at all. */
const Report = Job.make("report", {
  payload: Schema.Struct({ month: Schema.String }),
  error: LedgerIsOpen,
  onError: { LedgerIsOpen: OnError.fail },
  onFail: "block"
})

const handlers = Layer.mergeAll(
  SendMail.toLayer(() => Effect.sleep("150 millis")),
  Report.toLayer(({ month }) => new LedgerIsOpen({ month }))
)

const customers = Array.from({ length: 12 }, (_, n) => `customer ${n + 1}`)

const addMail = Effect.suspend(() =>
  enqueueAll(
    SendMail,
    customers.flatMap((customer) =>
      Array.from({ length: Math.floor(Math.random() * 4) }, (_, n) => ({
        payload: { customer, n },
        queue: "mail",
        key: customer
      }))
    )
  )
)

const addReports = Effect.forEach(
  ["January", "February", "March"],
  (month) => enqueue(Report, { month }, { queue: "reports", key: "2026" })
)

/** Works until it is interrupted. */
export const work = (schema: string) =>
  Effect.andThen(
    addReports,
    Effect.repeat(addMail, Schedule.spaced("1 second"))
  ).pipe(
    Effect.provide(
      QueueLive.layer({
        jobs: [SendMail, Report],
        schema,
        queues: ["mail", "reports"],
        workers: 4,
        label: "demo"
      }).pipe(Layer.provide(handlers))
    )
  )
