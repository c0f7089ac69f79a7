/**
 * The watchdog of each worker: a thread that renews with the settings of the client.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import { Watchdog } from "../../../services/Watchdog.ts"
import * as WatchdogOfThread from "./Watchdog.ts"

export interface Options {
  readonly schema: string
  /** Defaults to 10 minutes without a kill. */
  readonly hang?: WatchdogOfThread.Hang
  /** How the watchdog connects. Defaults to the settings of the client. */
  readonly way?: WatchdogOfThread.Way | undefined
}

export const layer = (
  { hang = defaultHang, schema, way }: Options
): Layer.Layer<Watchdog, never, PgClient.PgClient> =>
  Layer.effect(
    Watchdog,
    Effect.map(PgClient.PgClient, ({ config }) => ({
      watch: (worker) => WatchdogOfThread.make({ ...worker, schema, config, hang, way })
    }))
  )

const defaultHang: WatchdogOfThread.Hang = { limit: Duration.minutes(10), isFatal: false }
