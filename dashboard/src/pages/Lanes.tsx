/**
 * Lanes whose head waits for a person, or for its next try.
 */
import type { LaneOverview } from "../../../src/domain/Overview.ts"
import { Lanes as Rows } from "../parts/Lanes.tsx"
import { useAsked } from "../state/asked.ts"
import { Page, Section } from "./Page.tsx"

export const Lanes = () => (
  <Page title="Lanes">
    <Section
      title="Blocked"
      note="the head has failed for good; the others wait until it is retried or discarded"
    >
      <Some by="blocked" empty="No lane is blocked." />
    </Section>
    <Section title="Between two tries" note="the head is tried again by itself; the others wait">
      <Some by="retrying" empty="No lane waits for another try." />
    </Section>
  </Page>
)

interface Answer {
  readonly items: ReadonlyArray<LaneOverview>
}

const Some = ({ by, empty }: { readonly by: string; readonly empty: string }) => {
  const { failure, value } = useAsked<Answer>(`lanes?by=${by}`)
  if (failure.value !== undefined) {
    return <p class="empty failed" role="alert">The lanes cannot be shown: {failure.value.text}.</p>
  }
  return value.value === undefined
    ? <p class="empty">Looking for lanes …</p>
    : <Rows lanes={value.value.items} empty={empty} />
}
