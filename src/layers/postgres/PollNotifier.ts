/**
 * Wake-ups by the clock, for connections that cannot LISTEN, such as those of PgBouncer in
 * transaction mode.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Random, Stream } from "effect"
import { Notifier, type Wake } from "../../services/Notifier.ts"
import * as MissedWakeUps from "./MissedWakeUps.ts"

/**
 * Sends a wake-up about every `interval`, with jitter, so that processes do not poll in step.
 * Defaults to 1 second.
 */
export const layer = ({ interval = "1 second", schema }: {
  readonly schema: string
  readonly interval?: Duration.Input
}): Layer.Layer<Notifier, never, PgClient.PgClient> =>
  Layer.effect(
    Notifier,
    Effect.map(PgClient.PgClient, (sql) => ({
      wakes: Stream.concat(
        Stream.succeed(everything),
        Stream.fromEffectRepeat(Effect.as(pause(Duration.toMillis(interval)), everything))
      ),
      mayHaveMissed: MissedWakeUps.make(sql, schema)
    }))
  )

const everything: Wake = { _tag: "Everything" }

const pause = (interval: number) =>
  Effect.flatMap(
    Random.nextBetween(interval * 0.8, interval * 1.2),
    (millis) => Effect.sleep(Duration.millis(millis))
  )
