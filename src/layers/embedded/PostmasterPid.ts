/**
 * PostgreSQL's `postmaster.pid`: the server that owns a cluster, and its address.
 */
import { Effect, Option } from "effect"
import { readFile, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { io, run } from "./Host.ts"

export interface PidFile {
  readonly pid: number
  readonly port: string
  readonly socketDir: string
  readonly isReady: boolean
}

export const read = Effect.fnUntraced(function*(dataDir: string) {
  const path = join(dataDir, "cluster", "data", "postmaster.pid")
  const text = yield* Effect.option(io(`read ${path}`, () => readFile(path, "utf8")))
  return Option.map(text, parse)
})

// The lines: pid, data directory, start time, port, socket folder, address, shared memory, status.
const parse = (text: string): PidFile => {
  const lines = text.split("\n")
  return {
    pid: Number(lines[0]),
    port: lines[3] ?? "",
    socketDir: lines[4] ?? "",
    isReady: lines[7]?.trim() === "ready"
  }
}

/**
 * Removes the file if its process is another program. A crash leaves the file behind, and process
 * ids are reused (soon, in a container); PostgreSQL would then take the other program for a running
 * server. If this check were ever wrong, the cluster's shared memory would still keep a second
 * server out.
 */
export const dropStale = Effect.fnUntraced(function*(dataDir: string) {
  const data = join(dataDir, "cluster", "data")
  const first = yield* staleId(dataDir, data)
  if (first === undefined) return

  // A server that has just ended may look like this while another one writes a new file.
  const second = yield* Effect.delay(staleId(dataDir, data), "500 millis")
  if (second === first) {
    yield* io("remove postmaster.pid", () => rm(join(data, "postmaster.pid"), { force: true }))
  }
})

/** The process id in the file, if another program now has that id. */
const staleId = Effect.fnUntraced(function*(dataDir: string, data: string) {
  const found = yield* read(dataDir)
  if (Option.isNone(found)) return undefined

  const { pid } = found.value
  const isOurs = process.platform === "linux" ? isInside(pid, data) : isPostgres(pid)
  return (yield* isOurs) ? undefined : pid
})

/**
 * The working directory of every PostgreSQL process is its data directory. A process whose
 * directory cannot be read may be one.
 */
const isInside = Effect.fnUntraced(function*(pid: number, data: string) {
  const proc = `/proc/${pid}`
  const process = yield* Effect.option(io(`look at ${proc}`, () => stat(proc)))
  // PostgreSQL itself notices that this process has ended.
  if (Option.isNone(process)) return true

  const here = yield* io(`look at ${data}`, () => stat(data))
  return yield* Effect.match(io(`look at ${proc}/cwd`, () => stat(`${proc}/cwd`)), {
    onSuccess: (there) => here.ino === there.ino && here.dev === there.dev,
    // A zombie process has no working directory.
    onFailure: (error) => !error.detail.includes("ENOENT")
  })
})

const isPostgres = (pid: number) =>
  run("ps", ["-o", "command=", "-p", String(pid)], {}).pipe(
    Effect.map((command) => command.includes("postgres")),
    Effect.orElseSucceed(() => true)
  )
