/**
 * Payloads between the values of a kind and JSON.
 */
import { Effect, Exit, Result, Schema } from "effect"
import { PayloadInvalid } from "../domain/Errors.ts"
import type { JobKind } from "../domain/JobKind.ts"
import * as PayloadText from "../domain/PayloadText.ts"

/** A payload as JSON text. */
export const encoder = <Payload extends Schema.Top>(kind: JobKind<string, Payload>) => {
  const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(kind.payload))
  const invalid = (issue: string) => new PayloadInvalid({ name: kind.name, issue })
  // Reading a value may throw, for example if it is very deep. Such a value cannot be encoded.
  const unreadable = (thrown: unknown) => invalid(PayloadText.issueOf(thrown))
  const textOf = (json: unknown) =>
    Effect.fromResult(Result.mapError(PayloadText.make(json), invalid))
  return (payload: unknown): Effect.Effect<string, PayloadInvalid, Payload["EncodingServices"]> => {
    const asked = Result.try({ try: () => encode(payload), catch: unreadable })
    if (Result.isFailure(asked)) return Effect.fail(asked.failure)

    const encoded = asked.success
    // Most payloads are encoded synchronously.
    if (Exit.isExit(encoded) && Exit.isSuccess(encoded)) return textOf(encoded.value)
    return encoded.pipe(
      Effect.mapError(({ message }) => invalid(message)),
      Effect.catchDefect((defect) => Effect.fail(unreadable(defect))),
      Effect.flatMap(textOf)
    )
  }
}

/** Parsed JSON as a payload. */
export const decoder = <Payload extends Schema.Top>(kind: JobKind<string, Payload>) => {
  const decode = Schema.decodeUnknownEffect(Schema.toCodecJson(kind.payload))
  return (payload: unknown): Effect.Effect<
    Payload["Type"],
    PayloadInvalid,
    Payload["DecodingServices"]
  > =>
    Effect.mapErrorEager(
      decode(payload),
      ({ message }) =>
        new PayloadInvalid({
          name: kind.name,
          issue: PayloadText.hasInfinite(payload)
            ? `${message}; it holds a number too large for JavaScript`
            : message
        })
    )
}
