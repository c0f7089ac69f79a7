/**
 * The values of runs and the declared errors of a kind, between their schemas and JSON.
 */
import { Effect, Result, Schema } from "effect"
import * as JobResult from "../domain/JobResult.ts"
import * as PayloadText from "../domain/PayloadText.ts"

/** Encodes the value of a run. A value that cannot be encoded has the reason in its place. */
export const encoder = <Success extends Schema.Top>(success: Success) => {
  const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(success))
  return (value: unknown): Effect.Effect<JobResult.Encoded, never, Success["EncodingServices"]> =>
    // Reading a value may throw, for example if it is very deep.
    Effect.suspend(() => encode(value)).pipe(
      Effect.map(JobResult.encoded),
      Effect.catch(({ message }) => Effect.succeed(refused(message))),
      Effect.catchDefect((defect) => Effect.succeed(refused(PayloadText.issueOf(defect))))
    )
}

/** Parsed JSON as a value or an error; the failure is the reason why it is none. */
export const decode = <A extends Schema.Top>(
  schema: A,
  json: unknown
): Effect.Effect<A["Type"], string, A["DecodingServices"]> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(Schema.toCodecJson(schema))(json),
    ({ message }) => message
  )

const refused = (issue: string) => new JobResult.Encoded(Result.fail(issue))
