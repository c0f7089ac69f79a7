/**
 * How far the queue is, on stderr: one line that changes on a terminal, a line a second elsewhere.
 */
import { Effect } from "effect"
import { WorkerControl } from "pgq"
import { Failure } from "./Failure.ts"

/** Shows the progress until the jobs are done; fails when none ends for half a minute. */
export const untilDone = Effect.fnUntraced(function*(jobs: number) {
  const queue = yield* WorkerControl
  const isTerminal = process.stderr.isTTY
  const interval = isTerminal ? 100 : 1000
  let done = 0
  let idleMillis = 0

  const show = Effect.gen(function*() {
    const status = yield* queue.status
    const ended = status.done + status.failed
    idleMillis = ended > done ? 0 : idleMillis + interval
    done = ended
    const line = `${done} of ${jobs} jobs, ${status.running.length} running`
    process.stderr.write(isTerminal ? `\r\u001B[K${line}` : `${line}\n`)
    if (idleMillis >= 30_000) {
      return yield* new Failure({
        message: `no job has ended for 30 seconds; ${status.lastError ?? ""}`
      })
    }
  })

  yield* Effect.raceFirst(
    queue.ended,
    Effect.forever(Effect.andThen(show, Effect.sleep(interval)))
  ).pipe(
    Effect.ensuring(Effect.sync(() => isTerminal && process.stderr.write("\r\u001B[K")))
  )
  return yield* queue.status
})
