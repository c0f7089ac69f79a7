/**
 * The figures of a worker as plain values.
 */
import { type Figures, type KindFigures, outcomes, type RunEnd } from "../../src/domain/Figures.ts"

export const kindsOf = (figures: Figures): ReadonlyArray<KindFigures> => {
  const kinds: Array<KindFigures> = []
  figures.watch({ onKind: (kind) => kinds.push(kind), onKindGone: () => {}, onStep: () => {} })()
  return kinds
}

/** How many runs of each kind ended in each way, without those that never did. */
export const endsOf = (figures: Figures): Readonly<Record<string, Counts>> =>
  Object.fromEntries(kindsOf(figures).map(({ ended, name }) => [name, countsOf(ended)]))

type Counts = Partial<Record<RunEnd, number>>

const countsOf = (ended: ReadonlyArray<number>): Counts =>
  Object.fromEntries(
    outcomes.flatMap((end, place) => ended[place] === 0 ? [] : [[end, ended[place]]])
  )
