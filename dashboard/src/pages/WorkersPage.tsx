/**
 * All workers.
 */
import { Looking } from "../parts/Looking.tsx"
import { Workers } from "../parts/Workers.tsx"
import { Page } from "./Page.tsx"

export const WorkersPage = () => (
  <Page title="Workers">
    <Looking>{({ overview }) => <Workers workers={overview.workers} />}</Looking>
  </Page>
)
