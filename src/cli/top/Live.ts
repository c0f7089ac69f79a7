/**
 * The live view: keys, sizes, looks and the clock each make a step from state to state, and the
 * screen shows the last state.
 */
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import { Effect, Fiber, Queue, References, Result } from "effect"
import type { Terminal } from "effect/Terminal"
import * as Monotonic from "../../layers/effects/Monotonic.ts"
import * as ErrorLine from "../ErrorLine.ts"
import * as Keys from "./Keys.ts"
import * as Looks from "./Looks.ts"
import * as Screen from "./Screen.ts"
import * as TopState from "./TopState.ts"

export interface Options {
  /** The database and the schema, without secrets. */
  readonly where: string
  /** The time from one look to the next, in milliseconds. */
  readonly interval: number
  readonly hasColours: boolean
}

type Step = (state: TopState.State) => TopState.State

interface Flow {
  readonly steps: Queue.Queue<Step>
  /** Asks for a look at once. */
  readonly wake: Queue.Queue<void>
  readonly state: () => TopState.State
  readonly now: () => number
}

/** Shows frames until a person quits. Answers with the exit code. */
export const run = Effect.fnUntraced(
  function*({ hasColours, interval, where }: Options) {
    const now = yield* Monotonic.millis
    const terminal = yield* NodeTerminal.make(() => false)
    const screen = yield* Screen.open(terminal, { hasColours })
    const steps = yield* Queue.unbounded<Step>()
    const wake = yield* Queue.sliding<void>(1)
    let state = TopState.make({
      where,
      size: { columns: yield* terminal.columns, rows: yield* terminal.rows },
      now: now(),
      every: interval,
      isStill: false
    })

    const show = Effect.gen(function*() {
      while (state.end === undefined) {
        yield* screen.show(state)
        const { isStopped, page } = state
        const some = yield* Queue.takeAll(steps)
        state = { ...some.reduce((state, step) => step(state), state), now: now() }
        if (state.page !== page || state.isStopped !== isStopped) {
          yield* Queue.offer(wake, undefined)
        }
      }
      return state.end
    })
    const flow = { steps, wake, state: () => state, now }
    const sources = yield* unawaited(
      Effect.all(
        [sizes(terminal, flow), keys(terminal, flow), looks(interval, flow), ticks(flow)],
        {
          concurrency: "unbounded"
        }
      )
    )
    return yield* Effect.raceFirst(show, Effect.andThen(Fiber.join(sources), Effect.never))
  },
  Effect.scoped,
  // A line of the log would stand in the middle of the frame.
  Effect.provideService(References.MinimumLogLevel, "None")
)

/** A look at a database that does not answer may take long to end, and has nothing to lose. */
const unawaited = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.acquireRelease(
    Effect.forkDetach(Effect.scoped(effect)),
    (fiber) => Effect.sync(() => fiber.interruptUnsafe())
  )

const sizes = Effect.fnUntraced(function*(terminal: Terminal, { steps }: Flow) {
  const sizes = yield* terminal.size
  return yield* Queue.take(sizes).pipe(
    Effect.flatMap((size) => Queue.offer(steps, (state) => TopState.resized(state, size))),
    Effect.forever
  )
}, (sizes) => Effect.ignore(sizes))

/** The end of the input is the end of the terminal. */
const keys = Effect.fnUntraced(function*(terminal: Terminal, { steps }: Flow) {
  const inputs = yield* terminal.readInput
  yield* Queue.take(inputs).pipe(
    Effect.flatMap((input) => Queue.offer(steps, (state) => Keys.press(state, Keys.nameOf(input)))),
    Effect.forever,
    Effect.catch(() => Queue.offer(steps, (state) => Keys.press(state, "q")))
  )
})

/** The age of the figures and the clock go on between two looks. */
const ticks = ({ steps }: Flow) =>
  Effect.forever(
    Effect.andThen(Effect.sleep("1 second"), Queue.offer(steps, (state) => state))
  )

/**
 * Looks by the clock, and at the figures of a page when it is opened. A look that fails leaves the
 * former figures where they are.
 */
const looks = Effect.fnUntraced(function*(interval: number, { now, state, steps, wake }: Flow) {
  let due = now()
  let every = interval
  while (true) {
    const { figures, isStopped, page } = state()
    const at = now()
    const isDue = figures === undefined || (!isStopped && at >= due)
    const look = yield* Effect.result(Effect.all({
      found: isDue ? Looks.overview : Effect.succeed(undefined),
      detail: Looks.detail(page)
    }))
    const end = now()
    if (Result.isFailure(look)) due = end + Looks.delayAfterFailure(interval)
    else if (isDue) {
      every = Looks.delay(interval, end - at)
      due = at + every
    }
    yield* Queue.offer(steps, (state) =>
      Result.match(look, {
        onFailure: (error) => TopState.missed(state, ErrorLine.of(error), end),
        onSuccess: ({ detail, found }) =>
          TopState.looked(state, { figures: found && { ...found, at: end }, detail, every })
      }))
    const asked = Queue.take(wake)
    yield* isStopped && figures !== undefined && Result.isSuccess(look)
      ? asked
      : Effect.raceFirst(asked, Effect.sleep(Math.max(due - now(), 0)))
  }
})
