/**
 * Text that is safe to store: what PostgreSQL refuses is replaced, what is long is cut.
 */
import { Cause, Result } from "effect"

export const errorBytesMax = 8192

/** A cause as text that any PostgreSQL accepts, at most 8 KiB of it, and never none. */
export const fromCause = (cause: Cause.Cause<unknown>): string =>
  // What handlers throw may itself throw when it is described: by a getter, a proxy, a toJSON.
  storable(Result.getOrElse(
    Result.try(() => Cause.pretty(cause) || "a failure without a cause"),
    () => "an error that cannot be described"
  ))

/** Without NUL and lone surrogates, which a `text` value cannot hold, and cut to 8 KiB. */
export const storable = (text: string): string => {
  const clean = text.slice(0, errorBytesMax).replaceAll("\0", "\uFFFD").toWellFormed()
  return clean.length === text.length && Buffer.byteLength(clean) <= errorBytesMax
    ? clean
    : `${cut(clean, errorBytesMax - 4)} …`
}

const cut = (text: string, bytes: number): string =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, bytes)).replace(/\uFFFD+$/, "")
