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
export const text = ({ precision, value }: Count): string =>
  precision === "estimate" ? `≈ ${rounded(value)}` : grouped(value) +
    (precision === "atLeast" ? "+" : "")

const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",")

const rounded = (value: number): string => {
  const [unit, size] = units.find(([, size]) => value >= size * 0.9995) ?? []
  if (unit === undefined || size === undefined) return grouped(Math.round(value))
  const share = value / size
  return `${share.toFixed(share < 99.95 ? 1 : 0)} ${unit}`
}

const units = [["G", 1e9], ["M", 1e6], ["k", 1e3]] as const
