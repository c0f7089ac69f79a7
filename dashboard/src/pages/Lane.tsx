/**
 * One lane: its head and what it waits for, and the jobs behind it in their order.
 */
import * as CountText from "../../../src/domain/CountText.ts"
import type { LaneHead, LaneView } from "../../../src/domain/LaneView.ts"
import * as SpanText from "../../../src/domain/Span.ts"
import type { JobDetail } from "../api/JobDetail.ts"
import { Time } from "../parts/Figures.tsx"
import { JobActions } from "../parts/JobActions.tsx"
import { LaneJobs } from "../parts/LaneJobs.tsx"
import { useAsked } from "../state/asked.ts"
import { parameters, to } from "../state/route.ts"
import { Page, Section } from "./Page.tsx"

export const Lane = () => {
  const queue = parameters.value.get("queue") ?? ""
  const key = parameters.value.get("key") ?? ""
  const after = parameters.value.get("after")
  const path = `lane?${
    new URLSearchParams({ queue, key, ...(after === null ? {} : { after }) }).toString()
  }`
  return (
    <Page title={queue === "" || key === "" ? "No lane is named" : `Lane ${key}`}>
      {queue === "" || key === ""
        ? <p class="empty">The address names no lane: a lane has a queue and a key.</p>
        : <Asked key={path} path={path} />}
    </Page>
  )
}

const Asked = ({ path }: { readonly path: string }) => {
  const { again, failure, value } = useAsked<LaneView>(path)
  if (value.value === undefined) {
    return failure.value === undefined
      ? <p class="empty">Looking for the lane …</p>
      : <p class="empty failed" role="alert">The lane cannot be shown: {failure.value.text}.</p>
  }
  return (
    <>
      {failure.value === undefined ?
        null :
        <p class="empty failed" role="alert">This may be old: {failure.value.text}.</p>}
      <Found lane={value.value} again={again} />
    </>
  )
}

const Found = ({ again, lane }: { readonly lane: LaneView; readonly again: () => void }) => (
  <>
    <p class="about">
      A lane of <a href={to("queue", { name: lane.queue })}>{lane.queue}</a>{" "}
      runs one job at a time. A delayed job is not in its lane before it is due.
    </p>
    <Section title="Head" note="the others wait for it">
      {lane.head === null
        ? <p class="empty">No job of this key waits or runs.</p>
        : <Head key={lane.head.id} of={lane.head} again={again} />}
    </Section>
    <Section title="Behind the head" note="in the order in which they run">
      <Estimate of={lane} />
      <LaneJobs jobs={lane.behind} empty="No job is behind the head." />
      {lane.next === null ? null : (
        <p class="about">
          <a href={to("lane", { queue: lane.queue, key: lane.key, after: lane.next })}>
            The jobs after these
          </a>
        </p>
      )}
    </Section>
  </>
)

const Head = ({ again, of: head }: { readonly of: LaneHead; readonly again: () => void }) => {
  const job = useAsked<JobDetail>(`job/${head.id}`)
  const done = () => {
    job.again()
    again()
  }
  return (
    <>
      <p class="lead">
        <a href={to("job", { id: head.id })}>{head.name} {head.id}</a>
        <span class={`tag ${tones[head.state] ?? ""}`}>{head.state}</span>
      </p>
      <p>
        {head.worker === null ? null : `worker ${head.worker} has it`}
        {head.since === null ? null : (
          <>
            , since <Time at={head.since} />
          </>
        )}
        {head.worker === null || head.why === null ? null : ": "}
        {head.why}
        {head.dueAt === null ? null : (
          <>
            , next try <Time at={head.dueAt} />
          </>
        )}
      </p>
      {job.value.value === undefined ? null : <JobActions job={job.value.value} done={done} />}
    </>
  )
}

const tones: Readonly<Record<string, string>> = { running: "good", blocked: "bad" }

const Estimate = ({ of: { behindCount, estimate } }: { readonly of: LaneView }) =>
  behindCount.value === 0 ? null : (
    <p>
      {CountText.text(behindCount)} {behindCount.value === 1 ? "job is" : "jobs are"}{" "}
      behind the head.
      {estimate === null ? null : (
        <>
          {" "}An estimate: the last of them starts in{" "}
          {behindCount.precision === "exact" ? "about" : "at least"}{" "}
          {SpanText.ofSeconds(estimate.lastStartsSeconds)}, if each runs{" "}
          {SpanText.ofSeconds(estimate.meanSeconds)}, as those of the head's name did on average in
          the last 24 hours.
        </>
      )}
    </p>
  )
