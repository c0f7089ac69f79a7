/**
 * The figures that the picture shows, chosen from the rows of a run.
 */

/** A row of `run.ts --json`. */
export interface Row {
  readonly scenario: string
  readonly figures: Readonly<Record<string, number | string>>
}

/** Some charts with the same bars. */
export interface Panel {
  readonly title: string
  readonly charts: ReadonlyArray<Chart>
  readonly names: ReadonlyArray<string>
}

export interface Chart {
  readonly title: string
  /** By name. Nothing for a queue that was not asked; NaN for one that did not finish. */
  readonly values: ReadonlyMap<string, number>
}

interface Choice {
  readonly title: string
  /** A row is a scenario with, after a comma, the name of the figure where it has one. */
  readonly charts: ReadonlyArray<{ readonly title: string; readonly row: string }>
}

export const choices: ReadonlyArray<Choice> = [
  {
    title: "Jobs that do nothing: more is better",
    charts: [
      { title: "one process, jobs/s", row: "drain, one process, history kept" },
      { title: "two processes, jobs/s", row: "drain, two processes, history kept" }
    ]
  },
  {
    title: "From adding to the start, idle worker: less is better",
    charts: [
      { title: "p50, ms", row: "enqueue to start, idle, p50" },
      { title: "p99, ms", row: "enqueue to start, idle, p99" }
    ]
  },
  {
    title: "Five minutes of 500 jobs/s of 20 ms, some failing or for later: less is better",
    charts: [
      {
        title: "from due to the start, p99, ms",
        row: "five minutes of 500 jobs/s of 20 ms, due to start, p99"
      },
      {
        title: "server CPU, core-µs a job",
        row: "five minutes of 500 jobs/s of 20 ms, server CPU"
      }
    ]
  }
]

/** The panels that have figures, each with the queues that have any in it, in the given order. */
export const choose = (
  rows: ReadonlyArray<Row>,
  names: ReadonlyArray<string>
): ReadonlyArray<Panel> =>
  choices.map(({ charts, title }) => {
    const found = charts.map(({ row, title }) => ({ title, values: valuesOf(rows, row, names) }))
      .filter(({ values }) => values.size > 0)
    return {
      title,
      charts: found,
      names: names.filter((name) => found.some(({ values }) => values.has(name)))
    }
  }).filter(({ charts }) => charts.length > 0)

const valuesOf = (rows: ReadonlyArray<Row>, rowName: string, names: ReadonlyArray<string>) => {
  const row = rows.find(({ scenario }) => scenario.replace(/, one round$/, "") === rowName)
  return new Map(
    Object.entries(row?.figures ?? {}).filter(([name]) => names.includes(name))
      // The words of one that did not finish are not a number.
      .map(([name, value]) => [name, Number(value)] as const)
  )
}
