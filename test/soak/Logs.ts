/**
 * Checks the logs of supervisors: a child that the soak did not kill must not have died at work.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Entry } from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

export const check = (folder: string, entries: ReadonlyArray<Entry>): ReadonlyArray<Violation> => {
  const pids = {
    killed: new Set(entries.flatMap((entry) => entry.what === "kill" ? [entry.pid] : [])),
    frozen: new Set(
      entries.flatMap((entry) =>
        entry.what === "fault" && entry.fault.startsWith("SIGSTOP") ? [Number(entry.detail)] : []
      )
    )
  }
  return readdirSync(folder).filter((name) => name.endsWith(".log")).flatMap((name) =>
    deserters(readFileSync(join(folder, name), "utf8"), pids)
      .map((detail): Violation => ({ check: "deserted", detail: `${name}: ${detail}` }))
  )
}

/**
 * Besides children that the soak killed, three kinds of children may end. A child that found no
 * server at its start ends and is started again. A child that was asked to stop may fail to sign
 * off. A child that was frozen when it was asked to stop is killed by its parent.
 */
export const deserters = (
  log: string,
  { frozen, killed }: { readonly killed: ReadonlySet<number>; readonly frozen: ReadonlySet<number> }
): ReadonlyArray<string> => {
  const pidsOf = (line: RegExp) => new Set(Array.from(log.matchAll(line), ([, pid]) => pid))
  const atWork = pidsOf(/working on .* pid=(\d+)/g)
  const deaf = pidsOf(/process (\d+) did not receive the request to stop/g)
  const stopped = pidsOf(/(?:stopped without signing off|left behind after the grace).* pid=(\d+)/g)
  return Array.from(log.matchAll(/process (\d+) ended (.*); giving its jobs back/g))
    .filter(([, pid, how]) =>
      atWork.has(pid) && !killed.has(Number(pid)) &&
      !(how === "by SIGKILL" && deaf.has(pid) && frozen.has(Number(pid))) &&
      !(how === "with exit code 1" && stopped.has(pid))
    )
    .map(([text]) => text)
}
