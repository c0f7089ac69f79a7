/**
 * The pages: at the side of a wide screen, at the foot of a narrow one.
 */
import { page, to } from "../state/route.ts"

/** The pages that the rail leads to: the name in the address, and the title. */
export const entries = [
  ["", "Overview"],
  ["jobs", "Jobs"],
  ["lanes", "Lanes"],
  ["failures", "Failures"],
  ["workers", "Workers"],
  ["database", "Database"],
  ["operations", "Operations"]
] as const

export const Rail = () => (
  <nav class="rail" aria-label="Pages">
    <ul>
      {entries.map(([name, title]) => (
        <li key={name}>
          <a href={to(name)} aria-current={page.value === name ? "page" : undefined}>{title}</a>
        </li>
      ))}
    </ul>
  </nav>
)
