/**
 * Why a search gives no jobs. A search that cannot be meant is shown with a mark below the mistake.
 */
import type { Failure } from "../api/call.ts"

export const Refused = ({ of: { position, text }, search }: {
  readonly of: Failure
  readonly search: string
}) =>
  position === undefined
    ? <p class="empty failed" role="alert">The jobs cannot be shown: {text}.</p>
    : (
      <div class="empty failed">
        <p role="alert">At character {position + 1} of the search: {text}.</p>
        <pre class="mistake" tabIndex={0}>
          {search.replaceAll(/\s/g, " ")}{"\n"}{" ".repeat(position)}^
        </pre>
      </div>
    )
