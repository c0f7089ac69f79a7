/**
 * A chart in words, for those who do not see it.
 */
import type { Line, Lines, Unit } from "./Line.ts"
import { textOf } from "./Line.ts"

/** "Finished per minute in the last hour. completed: now 412, lowest 0 at 03:12, highest …" */
export const sentence = (options: {
  readonly title: string
  readonly period: string
  readonly unit: Unit
  readonly lines: Lines
  readonly clock: (seconds: number) => string
}): string => {
  const { clock, lines: { lines, times }, period, title, unit } = options
  const said = lines.map((line) => {
    const low = placeOf(line, (value, best) => value < best)
    const high = placeOf(line, (value, best) => value > best)
    if (low === undefined || high === undefined) return `${line.label}: nothing is known.`
    const now = line.values.at(-1)
    const at = (place: number) =>
      `${textOf(unit, line.values[place])} at ${clock(times[place] ?? 0)}`
    return `${line.label}: now ${now === null ? "unknown" : textOf(unit, now)}, ` +
      `lowest ${at(low)}, highest ${at(high)}.`
  })
  return `${title} in ${period}. ${said.join(" ")}`
}

/** The newest of the best values. */
const placeOf = (
  { values }: Line,
  isBetter: (value: number, best: number) => boolean
): number | undefined => {
  let best: number | undefined
  for (const [place, value] of values.entries()) {
    const before = best === undefined ? undefined : values[best]
    if (value !== null && !(typeof before === "number" && isBetter(before, value))) best = place
  }
  return best
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** The time of day; with its day, if it is asked for or a day begins. */
export const clockOf = (
  at: Date,
  zone: "local" | "UTC",
  has: "day" | "time" | "both" | "either"
): string => {
  const isUtc = zone === "UTC"
  const [month, day, hours, minutes] = isUtc
    ? [at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes()]
    : [at.getMonth(), at.getDate(), at.getHours(), at.getMinutes()]
  const time = `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`
  const date = `${day} ${months[month]}`
  return has === "both"
    ? `${date}, ${time}`
    : has === "day" || (has === "either" && time === "00:00")
    ? date
    : time
}
