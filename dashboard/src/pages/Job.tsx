/**
 * One job: how it is and why, its runs that did not complete, its payload and its log.
 */
import type { JobDetail, Log } from "../api/JobDetail.ts"
import { Next } from "../parts/Command.tsx"
import { None, Time } from "../parts/Figures.tsx"
import { JobActions } from "../parts/JobActions.tsx"
import { LaneLink } from "../parts/LaneLink.tsx"
import { Runs } from "../parts/Runs.tsx"
import { useAsked } from "../state/asked.ts"
import { parameters, to } from "../state/route.ts"
import { may } from "../state/session.ts"
import { Page, Section } from "./Page.tsx"

export const Job = () => {
  const id = parameters.value.get("id") ?? ""
  return (
    <Page title={id === "" ? "No job is named" : `Job ${id}`}>
      {/^\d{1,19}$/.test(id) ?
        <Asked key={id} id={id} /> :
        <p class="empty">The address names no job: an id is a number.</p>}
    </Page>
  )
}

const Asked = ({ id }: { readonly id: string }) => {
  const { again, failure, value } = useAsked<JobDetail>(`job/${id}`)
  if (failure.value?.status === 404) {
    return (
      <p class="empty">
        There is no such job, and no history of it: it was never added, was deleted, or its history
        is no longer kept.
      </p>
    )
  }
  if (value.value === undefined) {
    return failure.value === undefined
      ? <p class="empty">Looking for the job …</p>
      : <p class="empty failed" role="alert">The job cannot be shown: {failure.value.text}.</p>
  }
  return (
    <>
      {failure.value === undefined ?
        null :
        <p class="empty failed" role="alert">This may be old: {failure.value.text}.</p>}
      <Found job={value.value} again={again} />
    </>
  )
}

const Found = ({ again, job }: { readonly job: JobDetail; readonly again: () => void }) => (
  <>
    <p class="lead">
      <strong>{job.name ?? "a job that has ended"}</strong>
      <span class={`tag ${tones[job.state] ?? ""}`}>{job.state}</span>
    </p>
    {job.queue === null || job.key === null ? null : (
      <p class="about">
        In lane <LaneLink of={{ queue: job.queue, key: job.key }} /> of{" "}
        <a href={to("queue", { name: job.queue })}>{job.queue}</a>.
      </p>
    )}
    <JobActions job={job} done={again} />
    <Section title="Why">
      <Why id={job.id} of={job.why.reasons} />
    </Section>
    <Section title="Runs" note="those that did not complete, the newest first">
      <Runs runs={job.runs} />
    </Section>
    <Section title="Payload">
      {job.payload === null
        ? (
          <p class="empty">
            {may("payloads")
              ? "The payload of a job that has ended is not shown here."
              : "Payloads are hidden."}
          </p>
        )
        : <pre class="text" tabIndex={0}>{job.payload}</pre>}
    </Section>
    {may("payloads") ? <LogOf id={job.id} /> : null}
  </>
)

const tones: Readonly<Record<string, string>> = {
  completed: "good",
  running: "good",
  failed: "bad",
  crashed: "bad"
}

const Why = ({ id, of }: { readonly id: string; readonly of: JobDetail["why"]["reasons"] }) =>
  of.length === 0 ? <p class="empty">There is nothing to say.</p> : (
    <ol class="problems">
      {of.map(({ advice, code, detail, job, since, until }) => (
        <li key={`${code} ${detail}`}>
          <span class="code">{code}</span>
          <span class="text">
            {detail}
            {since === null ? null : (
              <>
                , since <Time at={since} />
              </>
            )}
            {until === null ? null : (
              <>
                , until <Time at={until} />
              </>
            )}
            {job === null || job === id ? null : (
              <>
                {" · "}
                <a href={to("job", { id: job })}>job {job}</a>
              </>
            )}
          </span>
          {advice === null ? null : <Next text={advice} />}
        </li>
      ))}
    </ol>
  )

const LogOf = ({ id }: { readonly id: string }) => {
  const { value } = useAsked<Log>(`job/${id}/logs?limit=200`)
  const lines = value.value?.items ?? []
  return (
    <Section title="Log" note={lines.length === 200 ? "its first 200 lines" : undefined}>
      {lines.length === 0
        ? (
          <p class="empty">
            No line is kept. Kinds with <code>log</code> keep the lines of their runs.
          </p>
        )
        : (
          <ol class="log">
            {lines.map(({ at, line }, n) => (
              <li key={n}>
                {at === "" ? <None why="no time" /> : <Time at={at} />} <code>{line}</code>
              </li>
            ))}
          </ol>
        )}
    </Section>
  )
}
