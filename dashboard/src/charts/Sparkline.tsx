/**
 * How many runs of a queue ended in each of the last 60 minutes, in the height of a line of text.
 */
import { textOf } from "./Line.ts"

const width = 90
const height = 18

export const Sparkline = ({ values }: { readonly values: ReadonlyArray<number | null> }) => {
  const highest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  const now = textOf("count", values.at(-1))
  const points = values.map((value, n) => {
    const x = n * width / Math.max(1, values.length - 1)
    const y = height - 1 - (height - 2) * (value ?? 0) / Math.max(1, highest)
    return `${x.toFixed(1)},${y.toFixed(1)}`
  })
  return (
    <span class="sparkline">
      <svg
        role="img"
        aria-label={`Finished per minute: now ${now}, highest ${
          textOf("count", highest)
        } in the last hour`}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
      >
        <polyline points={points.join(" ")} />
      </svg>
      <span class={values.at(-1) === 0 ? "zero" : undefined} aria-hidden="true">{now}</span>
    </span>
  )
}
