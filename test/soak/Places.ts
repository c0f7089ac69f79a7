/**
 * The workers of a soak: supervised and unsupervised, in one cooperative mode or in all, direct or
 * through proxies.
 */
import type { NetConnectOpts } from "node:net"
import type { TcpProxy } from "../support/TcpProxy.ts"
import type { Options } from "./Options.ts"
import { overTcp, type Server } from "./Server.ts"
import type { Place } from "./WorkerProcesses.ts"

export const places = (options: {
  readonly mode: Options["mode"]
  readonly via: Options["via"]
  readonly server: Server
  readonly proxies: readonly [TcpProxy, TcpProxy]
  /** The target of a connection without a proxy. */
  readonly toPgq: NetConnectOpts
}): ReadonlyArray<Place> => {
  const { mode, proxies: [one, other], server, toPgq, via } = options
  const at = (port: number) => overTcp(server, port) + (via === "pgbouncer" ? "?prepare=false" : "")
  const straight = "port" in toPgq ? at(toPgq.port) : server.url

  const inMode = (mixed: ReadonlyArray<string>) =>
    mode === "mixed" ? mixed : mode === "row-lock" ? rowLock : advisory("42")
  return [
    { name: "alone-1", url: at(one.port), processes: undefined, cooperative: inMode(rowLock) },
    {
      name: "alone-2",
      url: at(other.port),
      processes: undefined,
      cooperative: inMode(advisory("42"))
    },
    { name: "alone-3", url: straight, processes: undefined, cooperative: inMode(advisory("42")) },
    { name: "alone-4", url: straight, processes: undefined, cooperative: inMode(solo) },
    { name: "alone-5", url: at(one.port), processes: undefined, cooperative: inMode(rowLock) },
    { name: "alone-6", url: straight, processes: undefined, cooperative: inMode(rowLock) },
    { name: "family-1", url: at(one.port), processes: 2, cooperative: inMode(rowLock) },
    { name: "family-2", url: straight, processes: 2, cooperative: inMode(advisory("7,9")) },
    { name: "family-3", url: straight, processes: 2, cooperative: inMode(rowLock) }
  ]
}

const rowLock = ["--cooperative", "row-lock"]

/** A `solo` worker expects to be the only one. It must be safe beside other workers, too. */
const solo = ["--cooperative", "solo"]

const advisory = (key: string) => ["--cooperative", "advisory", "--advisory-key", key]
