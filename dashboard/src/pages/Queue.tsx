/**
 * One queue: its figures, its priorities, its blocked lanes and its workers.
 */
import type { QueueOverview } from "../../../src/domain/Overview.ts"
import type { Look } from "../api/Look.ts"
import { Charts } from "../charts/Charts.tsx"
import { Count, None, Span, Time } from "../parts/Figures.tsx"
import { Lanes } from "../parts/Lanes.tsx"
import { Looking } from "../parts/Looking.tsx"
import { ObjectiveAction } from "../parts/ObjectiveAction.tsx"
import { PauseAction } from "../parts/PauseAction.tsx"
import { Problems } from "../parts/Problems.tsx"
import { Table } from "../parts/Table.tsx"
import { Workers } from "../parts/Workers.tsx"
import { parameters } from "../state/route.ts"
import { Page, Section } from "./Page.tsx"

export const Queue = () => {
  const name = parameters.value.get("name") ?? ""
  return (
    <Page title={name === "" ? "No queue is named" : name}>
      <Looking>
        {(look) => {
          const queue = look.overview.queues.find(({ queue }) => queue === name)
          return queue === undefined
            ? (
              <>
                <p class="empty">This queue has no job and no worker.</p>
                {name === "" ? null : <OverTime of={name} />}
              </>
            )
            : <Known queue={queue} look={look} />
        }}
      </Looking>
    </Page>
  )
}

const Known = ({ look, queue }: { readonly look: Look; readonly queue: QueueOverview }) => {
  const { overview, verdict } = look
  return (
    <>
      <Pause of={queue.pause} />
      <PauseAction queue={queue.queue} isPaused={queue.pause !== null} />
      <ObjectiveAction queue={queue.queue} objective={queue.objective} />
      <Problems
        of={{
          ...verdict,
          problems: verdict.problems.filter(({ evidence }) => evidence["queue"] === queue.queue)
        }}
      />
      <Figures of={queue} />
      <OverTime of={queue.queue} />
      <Section title="Priorities" note="the most urgent first">
        <Table
          caption="Priorities"
          columns={[
            { name: "Priority", cell: ({ priority }) => priority },
            {
              name: "Latency",
              title: "How long the job that goes first has been ready",
              isFigure: true,
              cell: ({ latency }) => <Span of={latency} />
            }
          ]}
          rows={queue.bands}
          keyOf={({ priority }) => String(priority)}
          empty="No job is ready that nobody holds."
        />
      </Section>
      <Section title="Blocked lanes">
        <Lanes
          lanes={overview.blockedLanes.filter((lane) => lane.queue === queue.queue)}
          empty="No lane is blocked."
        />
      </Section>
      <Section title="Workers">
        <Workers workers={overview.workers.filter(({ queues }) => queues.includes(queue.queue))} />
      </Section>
    </>
  )
}

const OverTime = ({ of }: { readonly of: string }) => (
  <Section title="Over time">
    <Charts key={of} queue={of} />
  </Section>
)

const Pause = ({ of: pause }: { readonly of: QueueOverview["pause"] }) =>
  pause === null ? null : (
    <p class="verdict unknown">
      <strong class="state">Paused</strong>
      <span>
        by {pause.by} since <Time at={pause.since} />
        {pause.until === null ? null : (
          <>
            , until <Time at={pause.until} />
          </>
        )}
        {pause.reason === null ? null : `: ${pause.reason}`}
      </span>
    </p>
  )

const Objective = ({ of }: { readonly of: QueueOverview["objective"] }) =>
  of === null
    ? <None why="no objective is set: the queue is late after a minute" />
    : <Span of={of} />

const Figures = ({ of: queue }: { readonly of: QueueOverview }) => (
  <dl class="figures">
    {([
      ["Latency", <Span key="l" of={queue.latency} />],
      ["Objective", <Objective key="o" of={queue.objective} />],
      ["Ready", <Count key="r" of={queue.ready} />],
      ["Waiting", <Count key="w" of={queue.waiting} />],
      ["Running", <Count key="u" of={queue.running} />],
      ["Slots", <Count key="s" of={{ value: queue.slots, precision: "exact" }} />],
      ["Later", <Count key="a" of={queue.later} />],
      ["Blocked", <Count key="b" of={queue.blocked} />]
    ] as const).map(([name, figure]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{figure}</dd>
      </div>
    ))}
  </dl>
)
