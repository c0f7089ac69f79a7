/**
 * One session with one of the servers that a connection may go to: the first that will have it.
 */
import { Effect, Random } from "effect"
import * as Net from "node:net"
import type { Conninfo } from "../domain/Conninfo.ts"
import { type Host, socketPath } from "../domain/ConninfoHosts.ts"
import type { Target } from "../domain/ConninfoValues.ts"
import { startUp } from "./PgStartUp.ts"
import * as PgTls from "./PgTls.ts"
import { ConnectFailed, failedBy, read, refusal, take } from "./PgWire.ts"

export interface Session {
  readonly socket: Net.Socket
  /** What the server said to it. */
  readonly greeting: Buffer
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
      }
    }
    return yield* together(failures)
  }
)

const timedOut = Effect.fail(new ConnectFailed({ message: "no answer", code: "ETIMEDOUT" }))

const rounds = (target: Target): ReadonlyArray<Target> =>
  target === "prefer-standby" ? ["standby", "any"] : [target]

/** What a single server said reaches the driver as it came. */
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

/** Encrypted or not, in the order of `sslmode`: the second is tried where the first is turned away. */
const openAt = Effect.fnUntraced(
  function*(conninfo: Conninfo, packet: Buffer, host: Host, target: Target) {
    const [first = false, second] = encryptions(conninfo, host)
    const attempt = (isEncrypted: boolean) =>
      Effect.flatMap(
        connect(conninfo, host, isEncrypted),
        (socket) =>
          Effect.gen(function*() {
            const greeting = yield* startUp(socket, packet, conninfo)
            yield* suits(socket, target)
            return { socket, greeting, place: { host, isEncrypted } } satisfies Session
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

/** A socket on which a session may start. */
export const connect = Effect.fnUntraced(
  function*(conninfo: Conninfo, host: Host, isEncrypted: boolean) {
    const { tls } = conninfo
    const options = isEncrypted ? yield* PgTls.options(host, tls) : undefined
    const plain = yield* dial(host)
    if (options === undefined) return plain
    return yield* secured(plain, tls.isDirect).pipe(
      Effect.flatMap((isOffered) =>
        isOffered ? PgTls.encrypt(plain, options) : Effect.succeed(plain)
      ),
      Effect.filterOrFail(
        (socket) => socket !== plain || tls.mode === "prefer",
        () => new ConnectFailed({ ...noTls, code: undefined, isOfTls: true })
      ),
      Effect.onError(() => Effect.sync(() => plain.destroy()))
    )
  }
)

const noTls = { message: "the server does not support TLS; sslmode=disable goes without" }

/** Whether the server is willing. More than its one byte would be somebody else's. */
const secured = Effect.fnUntraced(function*(socket: Net.Socket, isDirect: boolean) {
  if (isDirect) return true
  socket.write(sslRequest)
  const [byte] = yield* take(socket, 1)
  if (byte === 0x45) return yield* refusal(yield* restOf(socket))
  if ((byte !== 0x53 && byte !== 0x4e) || socket.readableLength > 0) {
    return yield* new ConnectFailed({ message: "it does not speak as PostgreSQL", code: undefined })
  }
  return byte === 0x53
})

/** Of an error in place of an answer, the first byte is gone. */
const restOf = (socket: Net.Socket) =>
  Effect.suspend(() => {
    socket.unshift(Buffer.from("E"))
    return read(socket)
  })

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

const dial = (host: Host): Effect.Effect<Net.Socket, ConnectFailed> =>
  Effect.callback((resume) => {
    const path = socketPath(host)
    const socket = Net.connect(
      path === undefined ? { host: host.hostaddr ?? host.host, port: host.port } : { path }
    )
    const onError = (error: Error) => resume(Effect.fail(failedBy(error)))
    socket.once("error", onError).once("connect", () => {
      socket.off("error", onError)
      resume(Effect.succeed(socket))
    })
    return Effect.sync(() => socket.destroy())
  })

/** Asked of every session: a server becomes another while its clients do not look. */
const suits = Effect.fnUntraced(function*(socket: Net.Socket, target: Target) {
  if (target === "any") return
  socket.write(
    query("SELECT pg_catalog.pg_is_in_recovery(), current_setting('transaction_read_only')")
  )
  const [isStandby, isReadOnly] = yield* firstRow(socket)
  const fits = {
    "read-write": isReadOnly === "off",
    "read-only": isReadOnly === "on",
    primary: isStandby === "f",
    standby: isStandby === "t"
  }
  if (target === "prefer-standby" || fits[target]) return
  return yield* new ConnectFailed({
    message: `the server is ${isStandby === "t" ? "a standby" : "a primary"}${
      isStandby === "f" && isReadOnly === "on" ? " that is read-only" : ""
    }, and target_session_attrs is ${target}`,
    code: "57P03"
  })
})

const query = (text: string): Buffer => {
  const bytes = Buffer.from(`Q\0\0\0\0${text}\0`)
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}

/** Texts of a row without nulls. */
const firstRow = Effect.fnUntraced(function*(socket: Net.Socket) {
  let texts: ReadonlyArray<string> = []
  while (true) {
    const message = yield* read(socket)
    if (message.type === "E") return yield* refusal(message)
    if (message.type === "Z") return texts
    if (message.type === "D") texts = textsOf(message.body)
  }
})

const textsOf = (row: Buffer): ReadonlyArray<string> => {
  const texts: Array<string> = []
  let at = 2
  while (at + 4 <= row.length) {
    const end = at + 4 + Math.max(0, row.readInt32BE(at))
    texts.push(row.toString("utf8", at + 4, end))
    at = end
  }
  return texts
}
