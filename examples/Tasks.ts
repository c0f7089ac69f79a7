/**
 * The kinds of jobs that the other examples use, and their handlers: the part of an application
 * that producers and workers share.
 */
import { Effect, Layer } from "effect"
import { setTimeout } from "node:timers/promises"
// #region kinds
import { Schema } from "effect"
import { Job } from "pgq"

export const SendEmail = Job.make("send-email", {
  payload: Schema.Struct({ to: Schema.String, subject: Schema.String }),
  maxAttempts: 10,
  backoffCap: "10 minutes"
})

export const CloseMonth = Job.make("close-month", {
  payload: Schema.Struct({ month: Schema.String })
})
// #endregion

// #region handlers
export const SendEmailLive = SendEmail.toLayer(({ subject, to }, job) =>
  Effect.logInfo(`"${subject}" to ${to}, try ${job.attempt}`)
)

export const CloseMonthLive = CloseMonth.toLayer(async ({ month }, job) => {
  await setTimeout(10, undefined, { signal: job.signal })
  process.stderr.write(`closed ${month}\n`)
})

export const Handlers = Layer.merge(SendEmailLive, CloseMonthLive)
// #endregion
