/**
 * The parent asks a child how it is, and the child answers with its probes and its metrics. The
 * last answer of a child stands while its thread is busy.
 */
import { Clock, Effect, Predicate } from "effect"
import type { Probe, ProbeReport } from "../../domain/Probe.ts"
import type { Source } from "../../observe/Listener.ts"

/** An answer of a child, which came at this time. */
export interface Seen {
  readonly at: number
  readonly reports: Readonly<Record<Probe, ProbeReport>>
  readonly metrics: string
}

interface Answer extends Omit<Seen, "at"> {
  readonly answer: number
}

/** The parent's half. */
export class ChildReports {
  readonly #send: (question: { readonly question: number }) => void
  readonly #waiting = new Map<number, () => void>()
  #asked = 0
  #last: Seen | undefined

  constructor(send: (question: { readonly question: number }) => void) {
    this.#send = send
  }

  /** The child has sent this. */
  heard(message: unknown, at: number): void {
    if (!isAnswer(message)) return
    this.#last = { at, reports: message.reports, metrics: message.metrics }
    this.#waiting.get(message.answer)?.()
    this.#waiting.delete(message.answer)
  }

  /** The last answer, after a moment in which the child may give another one. */
  get look(): Effect.Effect<Seen | undefined> {
    const answered = Effect.callback<void>((resume) => {
      const question = ++this.#asked
      this.#waiting.set(question, () => resume(Effect.void))
      this.#send({ question })
      return Effect.sync(() => this.#waiting.delete(question))
    })
    return Effect.map(Effect.timeoutOption(answered, "500 millis"), () => this.#last)
  }
}

/** The child's half: answers until the scope closes. */
export const answer = Effect.fnUntraced(function*(source: Source) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const reports = Effect.all(
    {
      startup: source.report("startup"),
      ready: source.report("ready"),
      live: source.report("live")
    } satisfies Record<Probe, unknown>
  )
  const respond = (message: unknown) => {
    if (!isQuestion(message)) return
    run(Effect.map(Effect.all({ reports, metrics: source.metrics }), (found) => {
      const said: Answer = { answer: message.question, ...found }
      process.send?.(said, undefined, undefined, () => {})
    }))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("message", respond)),
    () => Effect.sync(() => process.off("message", respond))
  )
})

const isQuestion = (message: unknown): message is { readonly question: number } =>
  Predicate.hasProperty(message, "question") && Predicate.isNumber(message.question)

// The child is the same program as its parent.
const isAnswer = (message: unknown): message is Answer =>
  Predicate.hasProperty(message, "answer") && Predicate.isNumber(message.answer)

/** How long ago the child answered, by its parent's clock. */
export const agoOf = (seen: Seen | undefined): Effect.Effect<number> =>
  Effect.map(
    Clock.currentTimeMillis,
    (now) => seen === undefined ? Infinity : now - seen.at
  )
