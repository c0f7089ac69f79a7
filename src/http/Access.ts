/**
 * The sender of a request to the HTTP API, and what is allowed to them.
 */
import type { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import type { Unauthenticated } from "./Problems.ts"

/**
 * A thing that is allowed to somebody: to see jobs, queues and workers, or payloads too; to add,
 * edit or retry jobs; to cancel and discard them, or delete them without history; to pause and
 * resume queues and names, and say how late queues may be; to stop workers.
 */
export type Right =
  | "read"
  | "payloads"
  | "add"
  | "edit"
  | "retry"
  | "discard"
  | "delete"
  | "pause"
  | "workers"

/** Somebody, and what is allowed to them. */
export interface Access {
  /** The name that stands in the log for each change. */
  readonly actor: string
  readonly rights: ReadonlySet<Right>
}

/** Finds out who sends a request. It fails if the sender must show first who they are. */
export type Authenticate = (
  request: HttpServerRequest.HttpServerRequest
) => Effect.Effect<Access, Unauthenticated>

const every: ReadonlySet<Right> = new Set(
  ["read", "payloads", "add", "edit", "retry", "discard", "delete", "pause", "workers"]
)
const reading: ReadonlySet<Right> = new Set(["read", "payloads"])

/**
 * Somebody to whom everything is allowed.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Access } from "pgq/http"
 *
 * export const program = Effect.logInfo(Array.from(Access.full("ada").rights).join(", "))
 * ```
 */
export const full = (actor: string): Access => ({ actor, rights: every })

/**
 * Somebody who may see everything, payloads too, and change nothing.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Access } from "pgq/http"
 *
 * export const program = Effect.logInfo(Array.from(Access.readOnly("ada").rights).join(", "))
 * ```
 */
export const readOnly = (actor: string): Access => ({ actor, rights: reading })
