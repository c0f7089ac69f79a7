/**
 * Counts that say how precise they are: a count of many jobs stops at a cap.
 */
import { Schema } from "effect"

/**
 * A number of jobs. `exact`; `atLeast` if the count stopped at its cap; `estimate` if it is about
 * so many.
 */
export const Count = Schema.Struct({
  value: Schema.Finite,
  precision: Schema.Literals(["exact", "atLeast", "estimate"])
})

export interface Count extends Schema.Schema.Type<typeof Count> {}

export const exact = (value: number): Count => ({ value, precision: "exact" })

/** The count of a look that stops after one more than the cap. */
export const capped = (found: number, cap: number): Count =>
  found > cap ? { value: cap, precision: "atLeast" } : exact(found)

export const sum = (counts: ReadonlyArray<Count>): Count => ({
  value: counts.reduce((total, { value }) => total + value, 0),
  precision: counts.some(({ precision }) => precision === "estimate")
    ? "estimate"
    : counts.some(({ precision }) => precision === "atLeast")
    ? "atLeast"
    : "exact"
})

/** As people read it: `1,204`, `10,000+`, `≈ 1.2 M`. */
export { text } from "./CountText.ts"
