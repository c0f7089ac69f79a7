/**
 * A `JobControl` that nobody may ask, for tests of what is refused before.
 */
import { Effect } from "effect"
import { JobControl } from "../../src/services/JobControl.ts"

const sent = () => Effect.die("sent")

export const control = JobControl.of({
  cancel: sent,
  cancelSome: sent,
  outcomeOf: sent,
  copy: sent,
  retry: sent,
  retrySome: sent,
  discard: sent,
  edit: sent,
  runs: sent,
  logs: sent,
  ended: sent,
  seen: sent,
  find: sent,
  like: sent,
  why: sent,
  whyQueue: sent
})
