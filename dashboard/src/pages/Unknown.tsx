/**
 * Stands where there is no page.
 */
import { to } from "../state/route.ts"
import { Page } from "./Page.tsx"

export const Unknown = () => (
  <Page title="There is no such page">
    <p class="empty">
      The address may be old or mistyped. <a href={to("")}>To the overview</a>
    </p>
  </Page>
)
