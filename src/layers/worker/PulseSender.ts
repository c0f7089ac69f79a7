/**
 * Reports the figures of a worker to the store every 10 seconds, if runs have ended, and once more
 * when the worker has ended.
 */
import { Duration, Effect, Semaphore } from "effect"
import type { Figures, KindFigures } from "../../domain/Figures.ts"
import * as Pulse from "../../domain/Pulse.ts"
import { Pulses } from "../../services/Pulses.ts"
import { within } from "../effects/Deadline.ts"
import * as EventLog from "../effects/EventLog.ts"
import { jittered } from "../effects/Jitter.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as LogFields from "./LogFields.ts"

export type PulseSender = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*({ figures, worker }: {
  readonly worker: string
  readonly figures: Figures
}) {
  const store = yield* Pulses
  const turn = yield* Semaphore.make(1)
  /** The kinds that the worker counts, with what was reported of each. */
  const kinds = new Map<KindFigures, Pulse.Pulse | undefined>()
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      figures.watch({
        onKind: (kind) => kinds.set(kind, undefined),
        onKindGone: (kind) => kinds.delete(kind),
        onStep: () => {}
      })
    ),
    (stop) => Effect.sync(stop)
  )

  const send = Effect.suspend(() => {
    const reported = Array.from(kinds, ([kind, before]) => {
      const now = Pulse.now(kind)
      return { kind, now, pulse: Pulse.since(before, now) }
    }).filter(({ pulse }) => pulse !== undefined)
    const pulses = reported.flatMap(({ pulse }) => pulse ?? [])
    if (pulses.length === 0) return Effect.void
    const done = Effect.sync(() => {
      for (const { kind, now } of reported) if (kinds.has(kind)) kinds.set(kind, now)
    })
    return store.add(worker, pulses).pipe(
      Effect.matchEffect({
        onSuccess: () => done,
        // The store may have them. Twice would be worse than not at all.
        onFailure: (error) =>
          Effect.andThen(say(error), error.isOutcomeUnknown ? done : Effect.void)
      })
    )
  }).pipe(turn.withPermit)

  return {
    /** Reports until the scope ends. */
    keep: Effect.flatMap(jittered(interval), Effect.sleep).pipe(
      Effect.andThen(send),
      restartOnDefect("reporting figures"),
      Effect.forever
    ),
    /** Reports what is left, unless the store takes too long. */
    last: within(send, { limit: lastWait, orElse: Effect.void })
  }
})

const interval = "10 seconds"

/** How long the end of a worker waits for its last figures, which may be lost. */
const lastWait = Duration.seconds(1)

const say = (error: Parameters<typeof LogFields.ofError>[0]) =>
  EventLog.debug("report.failed", {
    text: `could not report figures: ${error.message}`,
    fields: LogFields.ofError(error)
  })
