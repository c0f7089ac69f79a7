/**
 * The charts of all queues, or of one, and the choice of the time that they show.
 */
import { choose, range, ranges } from "../state/range.ts"
import { Chart } from "./Chart.tsx"
import * as Line from "./Line.ts"

export const Charts = ({ queue }: { readonly queue?: string }) => {
  const shown = range.value
  const of = queue === undefined ? {} : { queue }
  return (
    <>
      <Ranges />
      <div class="charts">
        <Chart
          title="Finished per minute"
          wish={{ of: "finished", ...of }}
          range={shown}
          unit="count"
          zeroIsNothing
          empty="No run has ended"
          linesOf={(found, { step }) => Line.perMinute(Line.each(found), step)}
        />
        <Chart
          title="Waiting time"
          wish={{ of: "wait", ...of }}
          range={shown}
          unit="seconds"
          isLog
          empty="No run has ended"
          linesOf={Line.each}
        />
        <Chart
          title="Jobs"
          note="by state"
          wish={{ of: "depth", ...of }}
          range={shown}
          unit="count"
          empty="No job has been seen"
          linesOf={Line.each}
        />
        {queue === undefined ? null : <OfNames queue={queue} />}
      </div>
    </>
  )
}

/** The page of a queue also has its names, and how late the queue was. */
const OfNames = ({ queue }: { readonly queue: string }) => (
  <>
    <Chart
      title="Finished by name"
      note="per minute"
      wish={{ of: "finished", by: "name", queue }}
      range={range.value}
      unit="count"
      zeroIsNothing
      empty="No run has ended"
      linesOf={(found, { step }) =>
        Line.first(Line.perMinute(Line.each(found), step), namesMax, true)}
    />
    <Chart
      title="Run time by name"
      note="p95"
      wish={{ of: "run", by: "name", queue }}
      range={range.value}
      unit="seconds"
      isLog
      empty="No run has ended"
      linesOf={(found) => Line.first(Line.each(found), namesMax, false)}
    />
    <Chart
      title="Latency"
      note="the oldest ready job"
      wish={{ of: "latency", queue }}
      range={range.value}
      unit="seconds"
      empty="No job has been seen"
      linesOf={Line.each}
    />
  </>
)

const namesMax = 6

const Ranges = () => (
  <div class="ranges" role="group" aria-label="Time shown">
    {ranges.map((one) => (
      <button
        key={one.name}
        type="button"
        aria-pressed={one === range.value}
        title={one.words}
        onClick={() => choose(one)}
      >
        {one.name}
      </button>
    ))}
  </div>
)
