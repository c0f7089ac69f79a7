/**
 * Error texts that PostgreSQL can store: refused characters are replaced, and long texts are cut.
 */
import { Cause, Predicate, Result } from "effect"
import * as ErrorCauses from "./ErrorCauses.ts"

export const errorBytesMax = 8192

/** A cause as a text that PostgreSQL accepts: at most 8 KiB, and never empty. */
export const fromCause = (cause: Cause.Cause<unknown>): string =>
  // A value that a handler throws may itself throw when it is described: a getter, a proxy, a
  // toJSON.
  storable(
    Result.try(() => describe(cause)).pipe(
      Result.orElse(() => Result.try(() => Cause.pretty(cause))),
      Result.getOrElse(() => "an error that cannot be described")
    ) || "a failure without a cause"
  )

/**
 * The text without NUL and lone surrogates, which `text` cannot store, and cut to some bytes, which
 * default to 8 KiB.
 */
export const storable = (text: string, bytesMax = errorBytesMax): string => {
  const clean = text.slice(0, bytesMax).replaceAll("\0", "\uFFFD").toWellFormed()
  return clean.length === text.length && Buffer.byteLength(clean) <= bytesMax
    ? clean
    : `${cut(clean, bytesMax - 4)} …`
}

/** The first line of a stored text: the failure and the errors behind it. */
export const summary = (text: string): string => {
  const [first = "", ...others] = text.split("\n")
  const inner = others.flatMap((line) => /^ +\[[a-z]+(?: \d+)?\] (.+)$/.exec(line)?.[1] ?? [])
  return inner.length === 0 ? first : `${first.replace(/:? *$/, "")} (${inner.join("; ")})`
}

/** Each failure with its place in the code, then the errors behind it. */
const describe = (cause: Cause.Cause<unknown>): string => {
  const errors = ErrorCauses.failures(cause)
  const shown = errors.length === 0 ? [Cause.pretty(cause)] : errors.map(outerText(cause))
  return shown.map((text, index) => {
    const inner = ErrorCauses.behind(errors[index]).map(innerText)
    // The errors behind are often the reason, so the outer text leaves room for them.
    const isCut = inner.length > 0 && text.length > outerMax
    const outer = isCut ? `${text.slice(0, outerMax)} …` : text
    return [outer, ...inner].join("\n")
  }).join("\n")
}

const outerMax = errorBytesMax / 2

const outerText = (cause: Cause.Cause<unknown>) => {
  if (cause.reasons.every(({ annotations }) => annotations.size === 0)) {
    return (error: unknown): string =>
      Result.getOrElse(Result.try(() => stackOf(error)), () => ErrorCauses.messageOf(error))
  }
  const pretty = Result.getOrElse(Result.try(() => Cause.prettyErrors(cause)), () => [])
  return (error: unknown, index: number): string =>
    pretty[index]?.stack ?? ErrorCauses.messageOf(error)
}

/**
 * The stack of an error without the frames of Effect's loop, as in `Cause.prettyErrors`, which
 * makes another error with another stack. Jobs may fail by the thousand.
 */
const stackOf = (error: unknown): string => {
  if (!(error instanceof Error) || typeof error.stack !== "string") {
    return Cause.prettyErrors(Cause.die(error))[0]?.stack ?? ErrorCauses.messageOf(error)
  }
  const { message, name, stack } = error
  const head = `${name}: ${message}`
  const end = stack.indexOf("\n", stack.startsWith(head) ? head.length : 0)
  const frames = end < 0 ? "" : stack.slice(end)
  const loop = /\n[^\n]*(?:Generator\.next|~effect\/(?:Effect|Utils))/.exec(frames)
  return head + (loop === null ? frames : frames.slice(0, loop.index))
}

const innerText = ({ depth, error, label }: ErrorCauses.Inner): string => {
  const indent = "  ".repeat(Math.min(depth, 10))
  const stack: unknown = Predicate.hasProperty(error, "stack") ? error.stack : undefined
  const frame = typeof stack === "string" ? /^ +at .*:\d+.*$/m.exec(stack)?.[0].trim() : undefined
  const head = `${indent}[${label}] ${headOf(error)}`
  return frame === undefined ? head : `${head}\n${indent}  ${frame}`
}

const headOf = (error: unknown): string => {
  if (Cause.isCause(error)) return "several failures"
  const name = error instanceof Error ? error.name : undefined
  const text = ErrorCauses.messageOf(error).slice(0, 1000).replace(/\s*\n\s*/g, " ")
  return name === undefined || name === text ? text : `${name}: ${text}`
}

const cut = (text: string, bytes: number): string =>
  new TextDecoder().decode(Buffer.from(text).subarray(0, bytes)).replace(/\uFFFD+$/, "")
