/**
 * Shows a part of the newest look: before there is one, that it is awaited, or why it does not come.
 */
import type { ComponentChildren } from "preact"
import type { Look } from "../api/Look.ts"
import { failure, look } from "../state/live.ts"

export const Looking = ({ children }: { readonly children: (look: Look) => ComponentChildren }) => {
  if (look.value !== undefined) return <>{children(look.value)}</>
  return failure.value === undefined
    ? <p class="empty">Looking at the database …</p>
    : (
      <p class="empty failed" role="alert">
        Nothing can be shown: {failure.value}. The page tries again by itself.
      </p>
    )
}
