/**
 * The places from which lists go on, as texts that mean nothing to those who keep them.
 */
import { Option, Schema } from "effect"

export interface Cursor<A> {
  readonly encode: (place: A) => string
  /** Nothing for a text that is no cursor of this kind. */
  readonly decode: (text: string) => Option.Option<A>
}

/** Cursors of a shape whose values are those of JSON, in base64url. */
export const of = <A>(shape: Schema.Codec<A, unknown>): Cursor<A> => {
  const text = Schema.StringFromBase64Url.pipe(Schema.decodeTo(Schema.fromJsonString(shape)))
  const decode = Schema.decodeUnknownOption(text)
  return {
    encode: Schema.encodeSync(text),
    decode: (cursor) => cursor.length > textMax ? Option.none() : decode(cursor)
  }
}

const textMax = 1000
