/**
 * The command line as bytes: Node replaces what is no text, and then nobody can tell.
 */
import { Option, Result } from "effect"
import { isUtf8 } from "node:buffer"
import { readFileSync } from "node:fs"

/** What is wrong with an argument that is not UTF-8; only Linux shows its bytes. */
export const issue = (): string | undefined => {
  if (!process.argv.some((text) => text.includes("\uFFFD"))) return undefined
  const bytes = Result.try(() => readFileSync("/proc/self/cmdline"))
  return Option.getOrUndefined(Result.getSuccess(Result.map(bytes, issueOf)))
}

const issueOf = (bytes: Buffer): string | undefined => {
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start)
    const argument = bytes.subarray(start, end < 0 ? bytes.length : end)
    if (!isUtf8(argument)) return `the argument "${argument.toString("utf8")}" is not UTF-8`
    start += argument.length + 1
  }
  return undefined
}
