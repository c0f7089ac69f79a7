/**
 * A stream for the driver where the driver cannot connect by itself: to one of several servers, or
 * with encryption by libpq's rules. The driver's first packet on the stream either starts a session
 * or cancels another session's statement.
 */
import { Cause, Duration, Effect, Exit, Fiber } from "effect"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import type { Conninfo } from "../../../domain/Conninfo.ts"
import * as PgServer from "./PgServer.ts"
import * as PgSocket from "./PgSocket.ts"
import { ConnectFailed } from "./PgWire.ts"

/**
 * The connection string behind each stream of `make`. The watchdog's thread can be given the text,
 * not the function.
 */
const made = new WeakMap<() => Duplex, Conninfo>()
export const conninfoOf = (stream: (() => Duplex) | undefined): Conninfo | undefined =>
  stream && made.get(stream)

export const make = (conninfo: Conninfo): () => Duplex => {
  let last: PgServer.Place | undefined
  const places = new Map<string, PgServer.Place>()
  const open = Effect.fnUntraced(function*(packet: Buffer) {
    if (isCancel(packet)) return yield* cancel(conninfo, packet, places)
    const session = yield* PgServer.open(conninfo, packet, last)
    const { key, place, socket } = session
    last = place
    if (key !== undefined) {
      const name = key.toString("hex")
      // A name may have several addresses.
      const hostaddr = place.host.hostaddr ?? socket.remoteAddress
      places.set(name, { ...place, host: { ...place.host, hostaddr } })
      socket.once("close", () => places.delete(name))
    }
    return session
  })
  const stream = () => duplex(open, conninfo)
  made.set(stream, conninfo)
  return stream
}

/** The packet of a cancellation has a code in place of the protocol's version. */
const isCancel = (packet: Buffer): boolean =>
  packet.length > 8 && packet.readInt32BE(4) === 80877102

/** Only the server of the session knows its key. */
const cancel = Effect.fnUntraced(
  function*(conninfo: Conninfo, packet: Buffer, places: ReadonlyMap<string, PgServer.Place>) {
    const place = places.get(packet.subarray(8).toString("hex"))
    if (place === undefined) {
      return yield* new ConnectFailed({ message: "the session has ended", code: undefined })
    }
    const socket = yield* PgSocket.connect(conninfo, place.host, place.isEncrypted)
    socket.write(packet)
    return { socket, greeting: Buffer.alloc(0) }
  }
)

interface Opened {
  readonly socket: Socket
  readonly greeting: Buffer
}

const duplex = (
  open: (packet: Buffer) => Effect.Effect<Opened, ConnectFailed>,
  { keepAlive }: Conninfo
): Duplex => {
  let socket: Socket | undefined
  let opening: Fiber.Fiber<Opened, ConnectFailed> | undefined

  const attach = (opened: Opened) => {
    socket = opened.socket
    socket.setNoDelay(true)
    if (keepAlive !== undefined) socket.setKeepAlive(true, Duration.toMillis(keepAlive))
    if (opened.greeting.length > 0) stream.push(opened.greeting)
    socket
      .on("data", (chunk) => stream.push(chunk) || socket?.pause())
      .on("error", (error) => stream.destroy(error))
      .on("end", end)
      .on("close", end)
      .resume()
  }

  // The driver does not read from a cancellation's stream, but its end must be noticed.
  const end = () => {
    stream.push(null)
    stream.read(0)
  }

  const refuse = (cause: Cause.Cause<ConnectFailed>) => {
    if (stream.destroyed) return
    const failure = Cause.squash(cause)
    if (failure instanceof ConnectFailed && failure.reply !== undefined) {
      stream.push(failure.reply)
      stream.push(null)
      return
    }
    stream.destroy(failure instanceof Error ? failure : new Error(String(failure)))
  }

  const stream: Duplex = new Duplex({
    allowHalfOpen: false,
    write: (chunk: Buffer, _, done) => {
      if (socket !== undefined) {
        if (socket.write(chunk)) done()
        else socket.once("drain", done)
        return
      }
      opening = Effect.runFork(open(chunk))
      opening.addObserver((exit) => {
        if (Exit.isFailure(exit)) refuse(exit.cause)
        else if (stream.destroyed) exit.value.socket.destroy()
        else attach(exit.value)
        done()
      })
    },
    read: () => void socket?.resume(),
    final: (done) => {
      socket?.end()
      done()
    },
    destroy: (error, done) => {
      if (opening !== undefined) Effect.runFork(Fiber.interrupt(opening))
      socket?.destroy()
      done(error)
    }
  })
  return stream
}
