/**
 * A contender's worker processes, seen from here: what they have counted, and how they are ended.
 */
import { fork } from "node:child_process"
import { clock, type Report, type Tally } from "./Handler.ts"

export interface Crew {
  readonly pids: ReadonlyArray<number>
  /** When the first process was started, by `clock`. */
  readonly startedAt: number
  /** The starts of jobs of one kind, over all processes. */
  readonly tally: (kind?: string) => Tally
  /** The same, of each process that has started any. */
  readonly tallies: (kind?: string) => ReadonlyArray<Tally>
  /** How many jobs of one kind were started until a time, between two reports as if steadily. */
  readonly countAt: (time: number, kind?: string) => number
  /** The times from enqueue to start since the last call. */
  readonly takeWaits: () => ReadonlyArray<number>
  /**
   * Waits until it is so, at most until the limit; says whether it is. Fails when a process ends.
   */
  readonly until: (isSo: () => boolean, limitMillis: number) => Promise<boolean>
  readonly stop: () => Promise<void>
}

export const start = (program: ReadonlyArray<string>, processes: number): Crew => {
  const [module, ...args] = program
  const startedAt = clock()
  const trails = Array.from({ length: processes }, () => new Array<Report>())
  let waits: Array<number> = []
  let news = Promise.withResolvers<void>()
  let hasStopped = false
  let complaint = ""

  const announce = () => {
    news.resolve()
    news = Promise.withResolvers()
  }

  const children = Array.from({ length: processes }, (_, index) => {
    const child = fork(module!, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] })
    child.stderr!.on("data", (text) => {
      complaint = (complaint + text).slice(-500)
    })
    child.on("message", (message) => {
      // pgq tells its parent how far it has come.
      if (typeof message === "string") return
      const report = message as Report
      trails[index]!.push({ ...report, waits: [] })
      waits.push(...report.waits)
      announce()
    })
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
    void gone.then(announce)
    return { child, gone }
  })

  const tallies = (kind = "job") => trails.flatMap((trail) => trail.at(-1)?.tallies[kind] ?? [])
  const hasLost = () =>
    !hasStopped &&
    children.some(({ child }) => child.exitCode !== null || child.signalCode !== null)

  return {
    pids: children.map(({ child }) => child.pid!),
    startedAt,
    tallies,
    tally: (kind) => ({
      count: tallies(kind).reduce((sum, { count }) => sum + count, 0),
      firstAt: Math.min(...tallies(kind).map(({ firstAt }) => firstAt)),
      lastAt: Math.max(...tallies(kind).map(({ lastAt }) => lastAt))
    }),
    countAt: (time, kind = "job") =>
      trails.reduce((sum, trail) => sum + countUntil(trail, time, kind), 0),
    takeWaits: () => {
      const taken = waits
      waits = []
      return taken
    },
    until: async (isSo, limitMillis) => {
      const end = performance.now() + limitMillis
      while (!isSo()) {
        if (hasLost()) throw new Error(`a worker ended: ${complaint.trim()}`)
        const left = end - performance.now()
        if (left <= 0) return false
        await Promise.race([news.promise, new Promise((go) => setTimeout(go, Math.min(left, 100)))])
      }
      return true
    },
    stop: async () => {
      hasStopped = true
      for (const { child } of children) child.kill("SIGKILL")
      await Promise.all(children.map(({ gone }) => gone))
    }
  }
}

const countUntil = (trail: ReadonlyArray<Report>, time: number, kind: string) => {
  const countIn = (report: Report | undefined) => report?.tallies[kind]?.count ?? 0
  const before = trail.findLast(({ at }) => at <= time)
  const after = trail.find(({ at }) => at > time)
  const from = before?.at ?? after?.tallies[kind]?.firstAt ?? time
  if (after === undefined || from >= time) return countIn(before)
  const share = (time - from) / (after.at - from)
  return countIn(before) + share * (countIn(after) - countIn(before))
}
