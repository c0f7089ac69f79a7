/**
 * The table of jobs that a search has found.
 */
import type { JobRow } from "../../../src/domain/JobList.ts"
import { to } from "../state/route.ts"
import { Ago, None, Number } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

/** Each state has a shape beside its word; those that need a person come first to the eye. */
const looks: Readonly<Record<JobRow["state"], readonly [shape: string, tone?: "good" | "bad"]>> = {
  ready: ["○"],
  waiting: ["…"],
  running: ["●", "good"],
  scheduled: ["○"],
  retry: ["↻"],
  blocked: ["■", "bad"],
  paused: ["□"],
  completed: ["✓", "good"],
  failed: ["!", "bad"],
  crashed: ["!", "bad"],
  cancelled: ["–"],
  expired: ["–"],
  discarded: ["–"]
}

const State = ({ of }: { readonly of: JobRow["state"] }) => {
  const [shape, tone = ""] = looks[of]
  return (
    <span class={`state ${tone}`}>
      <span aria-hidden="true">{shape}</span> {of}
    </span>
  )
}

/** When the job may start or has ended; otherwise, when it was added. */
const When = ({ of: { createdAt, dueAt, endedAt } }: { readonly of: JobRow }) => (
  <>
    {endedAt !== null ? "ended " : dueAt !== null ? "due " : "added "}
    <Ago at={endedAt ?? dueAt ?? createdAt} />
  </>
)

const columns: ReadonlyArray<Column<JobRow>> = [
  { name: "Job", cell: ({ id }) => <a href={to("job", { id })}>{id}</a> },
  { name: "State", isWhole: true, cell: ({ state }) => <State of={state} /> },
  {
    name: "Name and queue",
    cell: ({ name, queue }) => (
      <>
        {name}
        <small>
          <a href={to("queue", { name: queue })}>{queue}</a>
        </small>
      </>
    )
  },
  {
    name: "Key",
    cell: ({ key }) => key === null ? <None why="no key" /> : <span class="key">{key}</span>
  },
  { name: "When", isWhole: true, cell: (job) => <When of={job} /> },
  {
    name: "Attempt",
    title: "The number of the run, of the runs that the job may have",
    isFigure: true,
    cell: ({ attempt, maxAttempts }) => (
      <>
        <Number of={attempt} />
        {maxAttempts === null ? null : <span class="of">/ {maxAttempts}</span>}
      </>
    )
  },
  {
    name: "Worker",
    cell: ({ worker }) => worker === null ? <None why="no worker" /> : worker
  },
  {
    name: "Error",
    cell: ({ error }) => error === null ? "" : <span class="error">{error}</span>
  }
]

export const Jobs = ({ empty, jobs }: {
  readonly jobs: ReadonlyArray<JobRow>
  readonly empty: string
}) => (
  <Table caption="Jobs" columns={columns} rows={jobs} keyOf={({ id }) => id} empty={empty} />
)

/** The states, in the order of a job's life. */
export const states: ReadonlyArray<string> = Object.keys(looks)
