/**
 * Counts, as people read them. The dashboard uses this module in the browser, so it imports
 * nothing.
 */

/** As people read it: `1,204`, `10,000+`, `≈ 1.2 M`. */
export const text = ({ precision, value }: {
  readonly value: number
  readonly precision: "exact" | "atLeast" | "estimate"
}): string =>
  precision === "estimate" ? `≈ ${rounded(value)}` : grouped(value) +
    (precision === "atLeast" ? "+" : "")

export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ",")

const rounded = (value: number): string => {
  const [unit, size] = units.find(([, size]) => value >= size * 0.9995) ?? []
  if (unit === undefined || size === undefined) return grouped(Math.round(value))
  const share = value / size
  return `${share.toFixed(share < 99.95 ? 1 : 0)} ${unit}`
}

const units = [["G", 1e9], ["M", 1e6], ["k", 1e3]] as const
