/**
 * Any error as one line for people.
 */
import { Cause } from "effect"
import * as ErrorCauses from "../domain/ErrorCauses.ts"
import { StoreError } from "../domain/Errors.ts"

/** The error's own sentence and those of its causes; an error without one is named by its class. */
export const of = (error: unknown): string => {
  // It tells its cause in its own words.
  const line = error instanceof StoreError ? error.message : ErrorCauses.line(error)
  return line.trim().replace(/\s*\n\s*/g, " ")
}

/** The same, and the line of the application's code it came from. */
export const withPlace = (error: unknown): string => {
  const place = error instanceof Error ? placeOf(error) : undefined
  return place === undefined ? of(error) : `${of(error)} (${place})`
}

/** Every failure of a cause, with its place. */
export const ofCause = (cause: Cause.Cause<unknown>): string => {
  const lines = new Set(ErrorCauses.failures(cause).map(withPlace))
  return lines.size === 0 ? of(Cause.squash(cause)) : Array.from(lines).join("; ")
}

// A syntax error names its place in the first line, others in the frames below their message.
const placeOf = (error: Error): string | undefined => {
  const stack = error.stack ?? ""
  const head = /^(?:file:\/\/)?(\/\S+?:\d+)\n/.exec(stack)?.[1]
  const frames = stack.split("\n").filter((line) => /^\s+at .*\/.*:\d+:\d+/.test(line))
  const own = frames.find((line) => !/node:|\/node_modules\//.test(line) && !line.includes(home))
  const frame = /(?:file:\/\/)?(\/[^()]*?:\d+):\d+\)?$/.exec(own ?? "")?.[1]
  return head ?? frame
}

/** The folder of pgq's own code, whose frames tell the reader nothing. */
const home = new URL("..", import.meta.url).pathname
