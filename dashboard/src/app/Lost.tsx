/**
 * Says that the figures are old, and why no newer ones come.
 */
import * as Span from "../../../src/domain/Span.ts"
import { age, failure, isOld } from "../state/live.ts"

export const Lost = () =>
  !isOld.value || age.value === undefined ? null : (
    <div class="verdict bad lost">
      <strong class="state">{Span.ofSeconds(Math.floor(age.value))} old</strong>
      <span role="status">
        {failure.value === undefined ? "nothing newer has come" : failure.value}; the page tries
        again by itself
      </span>
    </div>
  )
