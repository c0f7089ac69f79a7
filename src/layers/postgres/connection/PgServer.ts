/**
 * One session with one of the servers that a connection may go to: the first that will have it.
 */
import { Effect, Random } from "effect"
import type { Socket } from "node:net"
import type { Conninfo } from "../../../domain/Conninfo.ts"
import { type Host, socketPath } from "../../../domain/ConninfoHosts.ts"
import type { Target } from "../../../domain/ConninfoValues.ts"
import * as PgSocket from "./PgSocket.ts"
import { startUp } from "./PgStartUp.ts"
import { suits } from "./PgTarget.ts"
import { ConnectFailed } from "./PgWire.ts"

export interface Session {
  readonly socket: Socket
  /** What the server said to it. */
  readonly greeting: Buffer
  /** What cancels it; some poolers give none. */
  readonly key: Buffer | undefined
  readonly place: Place
}

/** Where a session was had, and how. */
export interface Place {
  readonly host: Host
  readonly isEncrypted: boolean
}

/** `last` is where the one before was had: there it is tried first. */
export const open = Effect.fnUntraced(
  function*(conninfo: Conninfo, packet: Buffer, last: Place | undefined) {
    const hosts = conninfo.isShuffled
      ? yield* Random.shuffle(conninfo.hosts)
      : conninfo.hosts.toSorted((a, b) => Number(b === last?.host) - Number(a === last?.host))
    const failures: Array<readonly [Host, ConnectFailed]> = []
    // Where a standby is only preferred, any will do in a second round.
    for (const target of rounds(conninfo.target)) {
      for (const host of hosts) {
        const result = yield* Effect.result(
          openAt(conninfo, packet, host, target).pipe(
            Effect.timeoutOrElse({ duration: conninfo.connectTimeout, orElse: () => timedOut })
          )
        )
        if (result._tag === "Success") return result.success
        failures.push([host, result.failure])
        if (isFinal(result.failure)) return yield* together(failures)
      }
    }
    return yield* together(failures)
  }
)

const timedOut = Effect.fail(new ConnectFailed({ message: "no answer", code: "ETIMEDOUT" }))

/** As for libpq: a server that refuses the client speaks for all others. */
const isFinal = ({ code, reply }: ConnectFailed): boolean =>
  reply !== undefined && code?.startsWith("57P0") !== true

const rounds = (target: Target): ReadonlyArray<Target> =>
  target === "prefer-standby" ? ["standby", "any"] : [target]

/** A single server's answer reaches the driver as it came. */
const together = (failures: ReadonlyArray<readonly [Host, ConnectFailed]>): ConnectFailed => {
  const [first, ...others] = failures
  if (first !== undefined && others.length === 0) return first[1]
  return new ConnectFailed({
    message: failures.map(([{ host, port }, { message }]) => `${host}:${port}: ${message}`).join(
      "; "
    ),
    code: failures.findLast(([, { code }]) => code !== undefined)?.[1].code
  })
}

/**
 * Encrypted or not, in the order of `sslmode`: the second is tried where the first is turned away.
 */
const openAt = Effect.fnUntraced(
  function*(conninfo: Conninfo, packet: Buffer, host: Host, target: Target) {
    const [first = false, second] = encryptions(conninfo, host)
    const attempt = (isEncrypted: boolean) =>
      Effect.flatMap(
        PgSocket.connect(conninfo, host, isEncrypted),
        (socket) =>
          Effect.gen(function*() {
            const started = yield* startUp(socket, packet, conninfo)
            yield* suits(socket, target)
            return { socket, ...started, place: { host, isEncrypted } } satisfies Session
          }).pipe(Effect.onError(() => Effect.sync(() => socket.destroy())))
      )
    if (second === undefined) return yield* attempt(first)
    return yield* Effect.catchIf(
      attempt(first),
      isTurnedAway,
      (failure) =>
        Effect.mapError(attempt(second), (other) => other.isOfTls === true ? failure : other)
    )
  }
)

const encryptions = ({ tls }: Conninfo, host: Host): ReadonlyArray<boolean> =>
  socketPath(host) !== undefined || tls.mode === "disable"
    ? [false]
    : tls.mode === "allow"
    ? [false, true]
    : tls.mode === "prefer"
    ? [true, false]
    : [true]

/** By pg_hba.conf, or in the course of TLS. */
const isTurnedAway = ({ code, isOfTls }: ConnectFailed): boolean =>
  code === "28000" || isOfTls === true
