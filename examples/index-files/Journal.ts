/**
 * What has happened so far, folder by folder. It lives in this process; the jobs live in
 * PostgreSQL.
 */
import { Context, Effect, Layer } from "effect"
import type { RunningJob } from "pgq"
import type { FileFacts } from "./FileFacts.ts"
import * as Order from "./Order.ts"

export class Journal extends Context.Service<Journal, {
  /** Runs the body of a folder's job, and notes when it started and what ran beside it. */
  readonly during: (
    folder: string,
    job: RunningJob
  ) => <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

  readonly add: (folder: string, facts: FileFacts) => Effect.Effect<void>

  /** Sums a folder up, checks the order of its jobs, and keeps both for `reports`. */
  readonly report: (folder: string, files: number) => Effect.Effect<FolderReport>

  readonly reports: Effect.Effect<ReadonlyArray<FolderReport>>
}>()("pgq/examples/Journal") {}

export interface FolderReport {
  readonly folder: string
  readonly files: number
  readonly lines: number
  readonly words: number
  readonly bytes: number
  /** How many modules its files import, each counted once. */
  readonly imports: number
  /** Files whose content another file of the folder has, too. */
  readonly copies: number
  readonly orderIssue: string | undefined
}

export const layer = Layer.sync(Journal, () => {
  const entries = new Map<string, Entry>()
  const reports: Array<FolderReport> = []
  const entryOf = (folder: string): Entry => {
    const entry = entries.get(folder) ?? { starts: [], running: 0, facts: [] }
    entries.set(folder, entry)
    return entry
  }
  return {
    during: (folder, { id, priority }) => (body) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          const entry = entryOf(folder)
          entry.starts.push({ id, priority, beside: entry.running++ })
          return entry
        }),
        () => body,
        (entry) => Effect.sync(() => entry.running--)
      ),
    add: (folder, facts) => Effect.sync(() => void entryOf(folder).facts.push(facts)),
    report: (folder, files) =>
      Effect.sync(() => {
        const { facts, starts } = entryOf(folder)
        const orderIssue = Order.issueOf(starts, files + 1)
        const report = { folder, ...sum(facts), orderIssue }
        reports.push(report)
        return report
      }),
    reports: Effect.succeed(reports)
  }
})

interface Entry {
  readonly starts: Array<Order.Start>
  readonly facts: Array<FileFacts>
  running: number
}

const sum = (facts: ReadonlyArray<FileFacts>) => ({
  files: facts.length,
  lines: facts.reduce((lines, file) => lines + file.lines, 0),
  words: facts.reduce((words, file) => words + file.words, 0),
  bytes: facts.reduce((bytes, file) => bytes + file.bytes, 0),
  imports: new Set(facts.flatMap(({ imports }) => Array.from(imports))).size,
  copies: facts.length - new Set(facts.map(({ sha256 }) => sha256)).size
})
