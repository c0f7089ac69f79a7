/**
 * The part of a payload that is shown to those who may see payloads at all.
 */
import type { Schema } from "effect"
import * as Masking from "./Masking.ts"

/** A job whose payload somebody wants to see. */
export interface ShownJob {
  readonly id: bigint
  readonly name: string
  /** Numbers beyond 2^53 are rounded here, as JavaScript does. */
  readonly payload: Schema.Json
}

/**
 * Decides what is shown of a payload. A job's own `payload`, returned as it is, is shown as it is
 * stored, with every digit.
 */
export type Redact = (job: ShownJob) => Schema.Json

/**
 * Stands in the place of a value that is not shown. An edit whose payload contains it is refused,
 * as it would overwrite the value: a `redact` of your own should use it too.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Redaction } from "pgq/http"
 *
 * export const program = Effect.logInfo(Redaction.mask)
 * ```
 */
export const mask: string = Masking.mask

/**
 * The payload with the mask in place of each value whose key contains `password`, `token`, `secret`
 * or `authorization`, in any case and at any depth. It is what the API shows without a `redact`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Access, AdminApi, Redaction } from "pgq/http"
 *
 * export const Routes = AdminApi.layer({
 *   access: () => Effect.succeed(Access.readOnly("staff")),
 *   redact: ({ name, payload }) =>
 *     name === "charge" ? Redaction.mask : Redaction.withoutSecrets(payload)
 * })
 * ```
 */
export const withoutSecrets = (payload: Schema.Json): Schema.Json => {
  const text = JSON.stringify(payload)
  const shown = Masking.masked(text)
  return shown === text ? payload : JSON.parse(shown)
}
