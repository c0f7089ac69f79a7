/**
 * How jobs have failed lately, in groups, of all queues or of one.
 */
import * as CountText from "../../../src/domain/CountText.ts"
import type { FailureGroups as Answer } from "../../../src/domain/FailureGroups.ts"
import { FailureGroups } from "../parts/FailureGroups.tsx"
import { Time } from "../parts/Figures.tsx"
import { useAsked } from "../state/asked.ts"
import { look } from "../state/live.ts"
import { parameters, replace, to } from "../state/route.ts"
import { Page } from "./Page.tsx"

export const Failures = () => {
  const queue = parameters.value.get("queue") ?? ""
  return (
    <Page title="Failures">
      <p class="about">
        A group has the jobs of one name whose errors differ in numbers, ids and quoted parts only.
        Each job counts once, by its last failure.
      </p>
      <QueueFilter queue={queue} />
      <Groups queue={queue} />
    </Page>
  )
}

const QueueFilter = ({ queue }: { readonly queue: string }) => {
  const known = look.value?.overview.queues.map(({ queue }) => queue) ?? []
  const names = queue === "" || known.includes(queue) ? known : [queue, ...known]
  return (
    <label class="filter">
      Queue
      <select value={queue} onChange={choose}>
        <option value="">all</option>
        {names.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </label>
  )
}

const choose = ({ currentTarget: { value } }: { readonly currentTarget: HTMLSelectElement }) =>
  replace(to("failures", value === "" ? {} : { queue: value }))

const Groups = ({ queue }: { readonly queue: string }) => {
  const query = queue === "" ? "" : `?${new URLSearchParams({ queue })}`
  const { failure, value } = useAsked<Answer>(`failures${query}`)
  if (failure.value !== undefined) {
    return (
      <p class="empty failed" role="alert">The failures cannot be shown: {failure.value.text}.</p>
    )
  }
  if (value.value === undefined) return <p class="empty">Looking for failures …</p>
  const found = value.value
  return (
    <>
      <FailureGroups
        groups={found.groups}
        queue={queue}
        empty={
          <>
            {queue === "" ? "No job" : `No job of ${queue}`} has failed since{" "}
            <Time at={found.since} />, and none is tried again.
          </>
        }
      />
      {found.hasMoreGroups
        ? <p class="about">There are more groups: these have the most failures lately.</p>
        : null}
      {found.isComplete ? null : (
        <p class="about">
          The look at {CountText.grouped(found.looked)} rows goes back to{" "}
          <Time at={found.since} />. There may be more failures before.
        </p>
      )}
    </>
  )
}
