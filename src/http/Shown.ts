/**
 * The payloads as the API at hand shows them: without their secrets, unless an application decides
 * otherwise.
 */
import { Context, Layer } from "effect"
import * as Masking from "./Masking.ts"
import type { Redact } from "./Redaction.ts"

/** A job as the store has it, with its payload as JSON text. */
export interface StoredJob {
  readonly id: bigint
  readonly name: string
  readonly payload: string
}

/** The text of a job's payload as it is shown. */
export const Shown: Context.Reference<(job: StoredJob) => string> = Context.Reference<
  (job: StoredJob) => string
>("pgq/http/Shown", { defaultValue: () => ({ payload }) => Masking.masked(payload) })

/** Whether an application decides what is shown. Nobody knows then which fields it hides. */
export const IsDecided: Context.Reference<boolean> = Context.Reference<boolean>(
  "pgq/http/Shown/IsDecided",
  { defaultValue: () => false }
)

/** A defect of `redact` shows nothing: the request fails. */
export const layer = (redact: Redact | undefined): Layer.Layer<never> =>
  redact === undefined ? Layer.empty : Layer.merge(
    Layer.succeed(IsDecided, true),
    Layer.succeed(Shown, ({ payload: text, ...job }) => {
      const payload = JSON.parse(text)
      const shown = redact({ ...job, payload })
      return shown === payload ? text : JSON.stringify(shown)
    })
  )
