/**
 * Any error as one line for people.
 */
import { Cause, Predicate } from "effect"
import * as ErrorCauses from "../domain/ErrorCauses.ts"
import type { StoreError } from "../domain/Errors.ts"

/**
 * The message of an error and of its causes, on one line. An error without a message is named by
 * its class.
 */
export const of = (error: unknown): string => {
  // The message of a StoreError already contains its cause.
  const line = isStoreError(error) ? error.message : ErrorCauses.line(error)
  return line.trim().replace(/\s*\n\s*/g, " ")
}

// A job script may have a copy of pgq of its own, with a class of its own.
const isStoreError = (error: unknown): error is StoreError =>
  Predicate.isTagged(error, "StoreError")

/** The same, with the line of the application's code that the error came from. */
export const withPlace = (error: unknown): string => {
  const place = error instanceof Error ? placeOf(error) : undefined
  return place === undefined ? of(error) : `${of(error)} (${place})`
}

/** Every failure of a cause, with its place. */
export const ofCause = (cause: Cause.Cause<unknown>): string => {
  const lines = new Set(ErrorCauses.failures(cause).map(withPlace))
  return lines.size === 0 ? of(Cause.squash(cause)) : Array.from(lines).join("; ")
}

// A syntax error names its place in the first line of its stack, other errors in the frames below.
const placeOf = (error: Error): string | undefined => {
  const stack = error.stack ?? ""
  const head = /^(?:file:\/\/)?(\/\S+?:\d+)\n/.exec(stack)?.[1]
  const frames = stack.split("\n").filter((line) => /^\s+at .*\/.*:\d+:\d+/.test(line))
  const own = frames.find((line) => !/node:|\/node_modules\//.test(line) && !line.includes(home))
  const frame = /(?:file:\/\/)?(\/[^()]*?:\d+):\d+\)?$/.exec(own ?? "")?.[1]
  return head ?? frame
}

/** The folder of pgq's own code. Its frames tell the reader nothing. */
const home = new URL("..", import.meta.url).pathname
