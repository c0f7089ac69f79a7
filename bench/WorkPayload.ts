/**
 * The payload as a schema, for the queues that ask for one.
 */
import * as Schema from "effect/Schema"

export const WorkPayload = Schema.Struct({
  n: Schema.Finite,
  kind: Schema.optionalKey(Schema.String),
  at: Schema.optionalKey(Schema.Finite),
  isAwaited: Schema.optionalKey(Schema.Boolean),
  takes: Schema.optionalKey(Schema.Finite),
  fails: Schema.optionalKey(Schema.Boolean),
  failsOnce: Schema.optionalKey(Schema.Boolean)
})
