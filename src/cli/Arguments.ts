/**
 * The command line as bytes. Node replaces bytes that are not UTF-8, so a mistake of encoding can
 * only be seen here.
 */
import { Option, Result } from "effect"
import { isUtf8 } from "node:buffer"
import { readFileSync } from "node:fs"

/**
 * The first argument that is not UTF-8, as a sentence. Only Linux shows the bytes. The sentence
 * names the argument by its position, because its text may hold a password.
 */
export const issue = (): string | undefined => {
  const given = process.argv.slice(2)
  if (!given.some((text) => text.includes("\uFFFD"))) return undefined
  const bytes = Result.try(() => readFileSync("/proc/self/cmdline"))
  return Option.getOrUndefined(
    Result.getSuccess(Result.map(bytes, (line) => issueOf(argumentsOf(line).slice(-given.length))))
  )
}

const issueOf = (given: ReadonlyArray<Buffer>): string | undefined => {
  const at = given.findIndex((argument) => !isUtf8(argument))
  return at < 0 ? undefined : `argument ${at + 1} is not UTF-8`
}

/** Arguments are separated by zero bytes. */
const argumentsOf = (line: Buffer): ReadonlyArray<Buffer> => {
  const found: Array<Buffer> = []
  for (let start = 0; start < line.length;) {
    const end = line.indexOf(0, start)
    const argument = line.subarray(start, end < 0 ? line.length : end)
    found.push(argument)
    start += argument.length + 1
  }
  return found
}
