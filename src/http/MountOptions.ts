/**
 * The options of the HTTP API, and the services that it asks.
 */
import type { Insight } from "../services/Insight.ts"
import type { JobAdmin } from "../services/JobAdmin.ts"
import type { JobControl } from "../services/JobControl.ts"
import type { JobRepo } from "../services/JobRepo.ts"
import type { Objectives } from "../services/Objectives.ts"
import type { Operations } from "../services/Operations.ts"
import type { PauseControl } from "../services/PauseControl.ts"
import type { Series } from "../services/Series.ts"
import type { Authenticate } from "./Access.ts"
import type { Redact } from "./Redaction.ts"

/** How the API is mounted. */
export interface Options {
  /** Finds out who sends a request, and what is allowed to them. */
  readonly access: Authenticate
  /** The whole path in front of `/api/v1`, such as `/admin/pgq`. Defaults to none. */
  readonly prefix?: `/${string}` | undefined
  /**
   * The names by which clients may call the server, without a port. Defaults to the names of the
   * machine for itself: `localhost`, `127.0.0.1` and `[::1]`.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /**
   * The origins whose pages may show those of the server in a frame, such as
   * `https://portal.example`. A text that is no origin counts as none. Defaults to none.
   */
  readonly frameAncestors?: ReadonlyArray<`http://${string}` | `https://${string}`> | undefined
  /** Whether no request may see payloads, whoever sends it. Defaults to false. */
  readonly hidePayloads?: boolean | undefined
  /**
   * Decides what of a payload is shown to those who may see payloads. Defaults to the payload
   * without the values whose keys name a secret, `Redaction.withoutSecrets`.
   */
  readonly redact?: Redact | undefined
  /** Whether no request may change anything, whoever sends it. Defaults to false. */
  readonly readOnly?: boolean | undefined
  /** The name of the schema, as the API tells it. Defaults to "pgq". */
  readonly schema?: string | undefined
}

/** The services that the API asks, as `QueueLive.client` provides them. */
export type Services =
  | Insight
  | JobAdmin
  | JobControl
  | JobRepo
  | Objectives
  | Operations
  | PauseControl
  | Series
