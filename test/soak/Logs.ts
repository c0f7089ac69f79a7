/**
 * What supervisors say of children that died: whom nobody killed must not have died at work.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Entry } from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

export const check = (folder: string, entries: ReadonlyArray<Entry>): ReadonlyArray<Violation> => {
  const killed = new Set(entries.flatMap((entry) => entry.what === "kill" ? [entry.pid] : []))
  return readdirSync(folder).filter((name) => name.endsWith(".log")).flatMap((name) =>
    deserters(readFileSync(join(folder, name), "utf8"), killed)
      .map((detail): Violation => ({ check: "deserted", detail: `${name}: ${detail}` }))
  )
}

/** One that found no server at its start may end, and is tried again. */
export const deserters = (log: string, killed: ReadonlySet<number>): ReadonlyArray<string> => {
  const atWork = new Set(Array.from(log.matchAll(/working on .* pid=(\d+)/g), ([, pid]) => pid))
  return Array.from(log.matchAll(/process (\d+) ended (.*); handing its jobs back/g))
    .filter(([, pid]) => atWork.has(pid) && !killed.has(Number(pid)))
    .map(([text]) => text)
}
