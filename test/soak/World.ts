/**
 * The parts of a soak: a server, the ways to the server, the workers, the ledgers, and the auditor.
 */
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import * as TcpProxy from "../support/TcpProxy.ts"
import * as Auditor from "./Auditor.ts"
import * as Bouncer from "./Bouncer.ts"
import type { Build } from "./Build.ts"
import * as Database from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import type { Options } from "./Options.ts"
import { places } from "./Places.ts"
import * as Server from "./Server.ts"
import type { Violation } from "./Violation.ts"
import * as WorkerProcesses from "./WorkerProcesses.ts"

export interface World {
  readonly crew: WorkerProcesses.WorkerProcesses
  readonly server: Server.Server
  /** The first two proxies lead workers to the server, and the third one producers. */
  readonly proxies: readonly [TcpProxy.TcpProxy, TcpProxy.TcpProxy, TcpProxy.TcpProxy]
  readonly producerUrl: string
  /** The pooler behind the proxies, if there is one. */
  readonly bouncer: Bouncer.Bouncer | undefined
  readonly leaseMillis: number
  /** The folder of the ledgers. */
  readonly ledger: string
  readonly write: (entry: Ledger.Entry) => void
  readonly report: (violation: Violation) => void
  /** How often each fault was injected so far, by name. */
  readonly faults: ReadonlyMap<string, number>
  readonly count: (fault: string, times?: number) => void
  /** The ids of the frozen processes. */
  readonly frozen: Set<number>
  /** The ids of the jobs that somebody has cancelled. */
  readonly cancelled: Set<number>
  /** The next number of a job, unique among all producers. */
  readonly number: () => number
}

/** pgq's default. `pgq start` has no flag for the lease. */
const leaseMillis = 15_000

/** Answers once every place has a worker at work. */
export const make = Effect.fnUntraced(function*(
  options: Pick<Options, "server" | "mode" | "via"> & Pick<World, "report" | "count" | "faults"> & {
    readonly build: Build
    readonly folder: string
  }
) {
  const { build, count, faults, folder, report } = options
  const ledger = join(folder, "ledger")
  mkdirSync(ledger)
  // The server may run as another user than this process.
  chmodSync(folder, 0o711)
  const write = Ledger.open(ledger, "soak")

  const server = yield* Server.open(join(folder, "server"), options.server)
  execFileSync(process.execPath, [build.bin, "migrate", "-c", server.url], { stdio: "ignore" })
  yield* Database.prepare(server.url)
  yield* Effect.forkScoped(Auditor.run({ url: server.url, report, count }))

  const toServer = { path: server.socket.path }
  const bouncer = options.via === "direct" ? undefined : yield* Bouncer.open(folder, server)
  const toPgq = bouncer === undefined ? toServer : { host: "127.0.0.1", port: bouncer.port }
  const proxies = yield* Effect.all([
    TcpProxy.make(toPgq),
    TcpProxy.make(toPgq),
    TcpProxy.make(toPgq)
  ])
  const [one, other, third] = proxies
  const crew = yield* WorkerProcesses.make({
    folder: ledger,
    build,
    places: places({ ...options, server, proxies: [one, other], toPgq }),
    write
  })
  yield* crew.isComplete

  let number = 0
  const world: World = {
    crew,
    server,
    proxies,
    producerUrl: Server.overTcp(server, third.port),
    bouncer,
    leaseMillis,
    ledger,
    write,
    report,
    faults,
    count,
    frozen: new Set(),
    cancelled: new Set(),
    number: () => ++number
  }
  return world
})

/** Counts a fault, and writes it into the ledger. */
export const happened = (
  { count, write }: World,
  name: string,
  detail: string | number
): void => {
  count(name)
  write({ what: "fault", at: Ledger.now(), fault: name, detail: String(detail) })
}
