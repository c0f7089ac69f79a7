/**
 * A service file: the parameters of each `[name]`, one a line.
 */
import { Result } from "effect"
import type { Pair } from "./ConninfoText.ts"

/** `undefined` if the file does not define the service. */
export const find = (
  text: string,
  service: string
): Result.Result<ReadonlyArray<Pair> | undefined, string> => {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const from = lines.findIndex((line) => line.startsWith(`[${service}]`))
  if (from === -1) return Result.succeed(undefined)
  const rest = lines.slice(from + 1)
  const end = rest.findIndex((line) => line.startsWith("["))
  return Result.all(
    rest.slice(0, end === -1 ? rest.length : end)
      .map((line, at) => [line, from + at + 2] as const)
      .filter(([line]) => line !== "" && !line.startsWith("#"))
      .map(([line, number]) => pairOf(line, number))
  )
}

const pairOf = (line: string, number: number): Result.Result<Pair, string> => {
  const at = line.indexOf("=")
  if (at < 1) return Result.fail(`line ${number} is not name=value`)
  const name = line.slice(0, at)
  return /\s/.test(name)
    ? Result.fail(`line ${number} has a space before its =`)
    : name === "service" || name === "servicefile"
    ? Result.fail(`line ${number} names another service, which libpq does not follow`)
    : Result.succeed([name, line.slice(at + 1)])
}
