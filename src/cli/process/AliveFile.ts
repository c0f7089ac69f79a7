/**
 * The file of `pgq start --alive-file`: its time says when the process last lived, to a machine
 * that can ask nothing over a network.
 */
import { Clock, Duration, Effect, Option, Result, type Scope } from "effect"
import { closeSync, futimesSync, openSync } from "node:fs"
import { resolve } from "node:path"
import { SettingInvalid } from "../../domain/Errors.ts"
import type { ProbeReport } from "../../domain/Probe.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"

/** Touches the file now, and again and again while `live` says "ok", until the scope closes. */
export const keep: (
  file: Option.Option<string>,
  live: Effect.Effect<ProbeReport>
) => Effect.Effect<void, SettingInvalid, Scope.Scope> = Effect.fnUntraced(function*(file, live) {
  if (Option.isNone(file)) return
  // The path is resolved now, because the program may change its working directory.
  const path = resolve(file.value)
  yield* Effect.mapError(
    touch(path),
    (issue) => new SettingInvalid({ setting: "--alive-file", issue })
  )
  let isFailing = false
  yield* live.pipe(
    Effect.flatMap(({ status }) => status === "ok" ? touch(path) : Effect.void),
    Effect.matchEffect({
      onSuccess: () => Effect.sync(() => isFailing = false),
      onFailure: (issue) => {
        const isNew = !isFailing
        isFailing = true
        return isNew ? EventLog.warning("alive-file.failed", issue) : Effect.void
      }
    }),
    Effect.delay(every),
    Effect.forever,
    Effect.forkScoped
  )
})

const every = Duration.seconds(5)

/** Gives the file the time of Effect's clock, and leaves its contents alone. */
const touch = Effect.fnUntraced(function*(path: string) {
  const seconds = (yield* Clock.currentTimeMillis) / 1000
  const touched = Result.try({
    try: () => {
      const file = openSync(path, "a")
      try {
        futimesSync(file, seconds, seconds)
      } finally {
        closeSync(file)
      }
    },
    catch: (error) => error instanceof Error ? error.message : String(error)
  })
  return yield* Effect.fromResult(touched)
})
