/**
 * Starts and watches the worker processes, and replaces those that end.
 */
import { Deferred, Effect, Schedule, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { appendFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Build } from "./Build.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"

/** One place in the crew. A worker that ends is replaced by another one with the same arguments. */
export interface Place {
  readonly name: string
  readonly url: string
  readonly processes: number | undefined
  readonly cooperative: ReadonlyArray<string>
}

export interface Worker {
  readonly place: Place
  readonly pid: number
  /** Whether the worker has logged that it is at work. */
  isReady: boolean
  /** Whether a fault or a stop has this worker. Its end is then no violation. */
  isTaken: boolean
  readonly ended: Deferred.Deferred<Ended>
  readonly complaint: () => string
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface WorkerProcesses {
  /** A worker that is ready and not taken. */
  readonly pick: (dice: Dice, isMeant: (place: Place) => boolean) => Worker | undefined
  readonly workers: () => ReadonlyArray<Worker>
  /** From now on, no worker is replaced. */
  readonly close: Effect.Effect<void>
  /** Waits until every place has a worker that is ready and not taken. */
  readonly isComplete: Effect.Effect<void>
  /** A text for each worker that ended by itself. */
  readonly deserters: ReadonlyArray<string>
  readonly starts: () => number
}

export const make = Effect.fnUntraced(function*(options: {
  readonly folder: string
  readonly build: Build
  readonly places: ReadonlyArray<Place>
  readonly write: (entry: Ledger.Entry) => void
}): Effect.fn.Return<WorkerProcesses, never, Scope.Scope> {
  const { build, folder, places, write } = options
  const workers = new Set<Worker>()
  const deserters: Array<string> = []
  let isOpen = true
  let starts = 0
  // No worker process outlives the scope.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isOpen = false
      for (const worker of workers) killTree(worker.pid)
    })
  )

  const keep = (place: Place) =>
    Effect.gen(function*() {
      const worker = watch(place, launch({ build, folder, place }), folder)
      starts++
      workers.add(worker)
      const ended = yield* Deferred.await(worker.ended)
      workers.delete(worker)
      write({ what: "gone", at: Ledger.now(), pid: worker.pid })
      if (worker.isReady && !worker.isTaken) {
        deserters.push(
          `${place.name} (${worker.pid}) ended by itself, code ${ended.code}, signal ` +
            `${ended.signal}: ${worker.complaint()}`
        )
      }
      // A worker that found no server at its start is started again.
      if (!worker.isReady) yield* Effect.sleep("500 millis")
    }).pipe(Effect.repeat({ while: () => isOpen }))

  yield* Effect.forEach(places, (place) => Effect.forkScoped(keep(place)), { discard: true })

  const isIdle = (worker: Worker) => worker.isReady && !worker.isTaken
  return {
    pick: (dice, isMeant) =>
      dice.pick(Array.from(workers).filter((worker) => isIdle(worker) && isMeant(worker.place))),
    workers: () => Array.from(workers),
    close: Effect.sync(() => isOpen = false),
    isComplete: Effect.suspend(() =>
      Array.from(workers).filter(isIdle).length === places.length
        ? Effect.void
        : Effect.fail("somebody is missing")
    ).pipe(
      Effect.retry(Schedule.upTo(Schedule.spaced("50 millis"), { duration: "60 seconds" })),
      Effect.orDie
    ),
    deserters,
    starts: () => starts
  }
})

const queues = ["main", "aside"]

const launch = ({ build, folder, place }: {
  readonly build: Build
  readonly folder: string
  readonly place: Place
}): ChildProcess =>
  spawn(process.execPath, [
    build.bin,
    "start",
    "--connection",
    place.url,
    "--file",
    build.script,
    "--arg",
    folder,
    "--workers",
    "8",
    "--grace",
    "5s",
    ...place.processes === undefined ? [] : ["-q", String(place.processes)],
    ...place.cooperative,
    ...queues.flatMap((queue) => ["--queue", queue])
  ], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
    stdio: ["ignore", "ignore", "pipe"]
  })

const watch = (place: Place, child: ChildProcess, folder: string): Worker => {
  let complaint = ""
  const worker: Worker = {
    place,
    pid: child.pid ?? 0,
    isReady: false,
    isTaken: false,
    ended: Deferred.makeUnsafe(),
    complaint: () => complaint
  }
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    appendFileSync(join(folder, `${place.name}.log`), text)
    complaint += text
    const isAtWork = place.processes === undefined ? /working on/ : /working in/
    if (isAtWork.test(complaint)) worker.isReady = true
    complaint = complaint.slice(-1000)
  })
  child.once("exit", (code, signal) => {
    Deferred.doneUnsafe(worker.ended, Effect.succeed({ code, signal }))
  })
  return worker
}

/** The living children of a process. */
export const childrenOf = (pid: number): ReadonlyArray<number> => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

/** Answers whether the process was still there. */
export const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

const killTree = (pid: number): void => {
  const children = childrenOf(pid)
  for (const one of [pid, ...children]) signal(one, "SIGKILL")
}
