/**
 * Effect's PersistedQueue on its SQL store, as its producer and its workers both open it.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Redacted from "effect/Redacted"
import { WorkPayload } from "./WorkPayload.ts"

export const queue = PersistedQueue.make({ name: "work", schema: WorkPayload, maxAttempts: 25 })

export const layer = ({ maxConnections, pollInterval, url }: {
  readonly url: string
  readonly maxConnections: number
  /** How long a store waits before it looks for jobs again. Defaults to a second. */
  readonly pollInterval?: Duration.Input
}) =>
  PersistedQueue.layer.pipe(
    Layer.provide(PersistedQueue.layerStoreSql({ pollInterval })),
    Layer.provideMerge(PgClient.layer({ url: Redacted.make(url), maxConnections }))
  )
