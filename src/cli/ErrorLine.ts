/**
 * Any error as one line for people.
 */

/** The error's own sentence, on one line; what has none is named by its class. */
export const of = (error: unknown): string => {
  const text = error instanceof Error
    ? error.message || String(Reflect.get(error, "code") ?? error.name)
    : String(error)
  return text.trim().replace(/\s*\n\s*/g, " ")
}

/** The same, and the line of the application's code it came from. */
export const withPlace = (error: unknown): string => {
  const place = error instanceof Error ? placeOf(error) : undefined
  return place === undefined ? of(error) : `${of(error)} (${place})`
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
