/**
 * Lanes whose head waits for a person, or for its next try, and the longest ones.
 */
import type { ComponentChildren } from "preact"
import type { LongestLanes } from "../../../src/domain/LaneView.ts"
import type { LaneOverview } from "../../../src/domain/Overview.ts"
import { Lanes as Rows } from "../parts/Lanes.tsx"
import { LongLanes } from "../parts/LongLanes.tsx"
import { useAsked } from "../state/asked.ts"
import { Page, Section } from "./Page.tsx"

export const Lanes = () => (
  <Page title="Lanes">
    <Section
      title="Blocked"
      note="the head has failed for good; the others wait until it is retried or discarded"
    >
      <Some<Answer> by="blocked">
        {({ items }) => <Rows lanes={items} empty="No lane is blocked." />}
      </Some>
    </Section>
    <Section title="Between two tries" note="the head is tried again by itself; the others wait">
      <Some<Answer> by="retrying">
        {({ items }) => <Rows lanes={items} empty="No lane waits for another try." />}
      </Some>
    </Section>
    <Section title="Longest" note="the most jobs are behind these heads">
      <Some<LongestLanes> by="longest">{(found) => <LongLanes of={found} />}</Some>
    </Section>
  </Page>
)

interface Answer {
  readonly items: ReadonlyArray<LaneOverview>
}

function Some<Found>({ by, children }: {
  readonly by: string
  readonly children: (found: Found) => ComponentChildren
}) {
  const { failure, value } = useAsked<Found>(`lanes?by=${by}`)
  if (failure.value !== undefined) {
    return <p class="empty failed" role="alert">The lanes cannot be shown: {failure.value.text}.</p>
  }
  return value.value === undefined
    ? <p class="empty">Looking for lanes …</p>
    : <>{children(value.value)}</>
}
