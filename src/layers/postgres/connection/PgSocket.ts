/**
 * A socket to one server, encrypted if the settings ask for it.
 */
import { Effect } from "effect"
import * as Net from "node:net"
import type { Conninfo } from "../../../domain/Conninfo.ts"
import { type Host, socketPath } from "../../../domain/ConninfoHosts.ts"
import * as PgTls from "./PgTls.ts"
import { ConnectFailed, failedBy, guarded, read, refusal, take } from "./PgWire.ts"

/** A connected socket on which a session may start. */
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

/**
 * Whether the server accepts encryption. It answers one byte; more bytes would come from an
 * attacker.
 */
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

/** If the server sends an error instead, the first byte of its message has been read. */
const restOf = (socket: Net.Socket) =>
  Effect.suspend(() => {
    socket.unshift(Buffer.from("E"))
    return read(socket)
  })

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])

const dial = (host: Host): Effect.Effect<Net.Socket, ConnectFailed> =>
  Effect.callback((resume) => {
    const path = socketPath(host)
    const way = path === undefined
      ? { host: host.hostaddr ?? host.host, port: host.port }
      : { path }
    const socket = guarded(Net.connect(way))
    const onError = (error: Error) => resume(Effect.fail(failedBy(error)))
    socket.once("error", onError).once("connect", () => {
      socket.off("error", onError)
      resume(Effect.succeed(socket))
    })
    return Effect.sync(() => socket.destroy())
  })
