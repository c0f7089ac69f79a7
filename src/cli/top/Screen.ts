/**
 * The screen of `pgq top`. The terminal is as it was when the scope closes, and when the process
 * ends in any other way that it can notice.
 */
import { Effect, type Scope } from "effect"
import type { Terminal } from "effect/Terminal"
import * as Frame from "./Frame.ts"
import * as Paint from "./Paint.ts"
import type { State } from "./TopState.ts"

export interface Screen {
  /** Writes the lines that have changed. */
  readonly show: (state: State) => Effect.Effect<void>
}

export const open = Effect.fnUntraced(function*(
  terminal: Terminal,
  { hasColours }: { readonly hasColours: boolean }
): Effect.fn.Return<Screen, never, Scope.Scope> {
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      process.on("exit", restore)
      process.stdout.write(Paint.enter)
    }),
    () =>
      Effect.sync(() => {
        process.off("exit", restore)
        restore()
      })
  )
  let lines: ReadonlyArray<string> | undefined
  let repaints = 0
  return {
    show: (state) => {
      const next = Frame.of(state).map((line) => Paint.line(line, hasColours))
      const text = Paint.changes(state.repaints === repaints ? lines : undefined, next)
      lines = next
      repaints = state.repaints
      // A terminal that is gone ends the process by a signal.
      return text === "" ? Effect.void : Effect.ignore(terminal.display(text))
    }
  }
})

/** Writes to a terminal are done when they return, so the last one before an exit arrives. */
const restore = (): void => {
  process.stdout.write(Paint.leave)
}
