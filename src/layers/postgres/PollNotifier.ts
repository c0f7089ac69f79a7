/**
 * Wake-ups by the clock, for connections that cannot LISTEN, such as PgBouncer's in transaction
 * mode.
 */
import { Duration, Effect, Layer, Random, Stream } from "effect"
import { Notifier, type Wake } from "../../services/Notifier.ts"

/**
 * Says to look about every `interval`, spread so that processes do not look in step. Defaults to 1
 * second.
 */
export const layer = (
  options: { readonly interval?: Duration.Input } = {}
): Layer.Layer<Notifier> => {
  const interval = Duration.toMillis(options.interval ?? "1 second")
  const pause = Effect.flatMap(
    Random.nextBetween(interval * 0.8, interval * 1.2),
    (millis) => Effect.sleep(Duration.millis(millis))
  )
  const everything: Wake = { _tag: "Everything" }
  return Layer.succeed(Notifier, {
    wakes: Stream.concat(
      Stream.succeed(everything),
      Stream.fromEffectRepeat(Effect.as(pause, everything))
    )
  })
}
