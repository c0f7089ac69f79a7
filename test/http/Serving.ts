/**
 * The API over a queue in memory, on a port of its own.
 */
import { Effect, Layer } from "effect"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import * as Credentials from "../../src/http/Credentials.ts"
import * as Mount from "../../src/http/Mount.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as Socket from "./Socket.ts"

/** Everybody is Ada, unless the options say otherwise. */
export const open = (options: Partial<AdminApi.Options> = {}) =>
  Socket.open(
    AdminApi.layer({ access: () => Effect.succeed(Access.full("ada")), ...options }).pipe(
      Layer.provide(MemoryQueue.client)
    )
  )

/** Senders must show who they are. */
export const openTo = (auth: Credentials.Auth, options: Partial<Mount.Options> = {}) =>
  Socket.open(
    Mount.layer({ ...Credentials.of(auth), challenge: "Bearer", ...options }).pipe(
      Layer.provide(MemoryQueue.client)
    )
  )
