/**
 * A session with the first suitable server of a connection string.
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
  /** The server's messages at the start of the session. */
  readonly greeting: Buffer
  /** The key that cancels the session's statements; some poolers give none. */
  readonly key: Buffer | undefined
  readonly place: Place
}

/** The server and address of a session. */
export interface Place {
  readonly host: Host
  readonly isEncrypted: boolean
}

/** `last` is the place of the previous session, which is tried first. */
export const open = Effect.fnUntraced(
  function*(conninfo: Conninfo, packet: Buffer, last: Place | undefined) {
    const hosts = conninfo.isShuffled
      ? yield* Random.shuffle(conninfo.hosts)
      : conninfo.hosts.toSorted((a, b) => Number(b === last?.host) - Number(a === last?.host))
    const failures: Array<readonly [Host, ConnectFailed]> = []
    // With `prefer-standby`, a second round accepts any server.
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

/** As in libpq, a server that refuses the client ends the search. */
const isFinal = ({ code, reply }: ConnectFailed): boolean =>
  reply !== undefined && code?.startsWith("57P0") !== true

const rounds = (target: Target): ReadonlyArray<Target> =>
  target === "prefer-standby" ? ["standby", "any"] : [target]

/** The refusal of a single server reaches the driver unchanged. */
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
 * Tries encryption in the order that `sslmode` asks for; the second way follows if the first is
 * refused.
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

/** Refused by pg_hba.conf, or during the TLS handshake. */
const isTurnedAway = ({ code, isOfTls }: ConnectFailed): boolean =>
  code === "28000" || isOfTls === true
