/**
 * What is wrong, and how the queues are.
 */
import { Charts } from "../charts/Charts.tsx"
import { Lanes } from "../parts/Lanes.tsx"
import { Looking } from "../parts/Looking.tsx"
import { Problems, Verdict } from "../parts/Problems.tsx"
import { Queues } from "../parts/Queues.tsx"
import { Workers } from "../parts/Workers.tsx"
import { Page, Section } from "./Page.tsx"

export const Overview = () => (
  <Page title="Overview">
    <Looking>
      {({ overview, verdict }) => (
        <>
          <Verdict of={verdict} />
          <Problems of={verdict} />
          <Section
            title="Queues"
            note={overview.hasMoreQueues ? "the first ones; there are more" : undefined}
          >
            <Queues queues={overview.queues} />
          </Section>
          <Section title="Over time">
            <Charts />
          </Section>
          {overview.blockedLanes.length === 0 ? null : (
            <Section title="Blocked lanes">
              <Lanes lanes={overview.blockedLanes} empty="" />
            </Section>
          )}
          <Section title="Workers">
            <Workers workers={overview.workers} />
          </Section>
        </>
      )}
    </Looking>
  </Page>
)
