/**
 * Random texts from a seed, and the time limit for each answer.
 */
import { assert } from "@effect/vitest"
import { Clock, Effect, Random } from "effect"
import { texts } from "./corpus/texts.ts"

/** `PGQ_FUZZ` multiplies the number of random cases. Another `PGQ_SEED` draws other cases. */
export const times = Number(process.env.PGQ_FUZZ ?? 1)
export const seed = Number(process.env.PGQ_SEED ?? 1)

/** Milliseconds. A refusal must take at most a second; the limit leaves room for a busy machine. */
const millisMax = 3000

export const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* Clock.currentTimeMillis
    const answer = yield* effect
    const took = (yield* Clock.currentTimeMillis) - before
    assert.isBelow(took, millisMax, `${what} took ${took} ms`)
    return answer
  })

export const below = (bound: number) => Random.nextIntBetween(0, bound, { halfOpen: true })

export const pick = <A>(from: ReadonlyArray<A>) =>
  Effect.map(below(from.length), (index) => from[index]!)

/**
 * Up to eleven pieces: single characters of every plane, halves of surrogate pairs, and short texts
 * of the corpus.
 */
export const text = Effect.gen(function*() {
  const pieces: Array<string> = []
  const count = yield* below(12)
  while (pieces.length < count) {
    const bound = yield* pick([128, 0x100, 0x10000, 0x110000])
    const isWhole = (yield* below(4)) > 0
    pieces.push(isWhole ? String.fromCodePoint(yield* below(bound)) : yield* pick(short))
  }
  return pieces.join("")
})

const short = Object.values(texts).filter(({ length }) => length <= 64)

/** The text with one part removed, doubled or replaced. */
export const mutated = Effect.fnUntraced(
  function*(original: string, others: ReadonlyArray<string>) {
    const start = yield* below(original.length + 1)
    const end = start + (yield* below(8))
    const [head, part, tail] = [
      original.slice(0, start),
      original.slice(start, end),
      original.slice(end)
    ]
    const other = yield* pick(others)
    const cut = yield* below(other.length + 1)
    const middle = yield* pick(["", part + part, other.slice(cut, cut + 8), yield* text])
    return head + middle + tail
  }
)
