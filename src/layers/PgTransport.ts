/**
 * The stream that the driver speaks on where it cannot make the connection by itself: several servers,
 * and encryption by libpq's rules. Its first bytes start a session, or cancel what another one does.
 */
import { Cause, Duration, Effect, Exit, Fiber } from "effect"
import type { Socket } from "node:net"
import { Duplex } from "node:stream"
import type { Conninfo } from "../domain/Conninfo.ts"
import * as PgServer from "./PgServer.ts"
import * as PgSocket from "./PgSocket.ts"
import { ConnectFailed } from "./PgWire.ts"

/** What was once asked of `make`, found again by its answer: a function cannot go to another thread. */
const made = new WeakMap<() => Duplex, Conninfo>()
export const conninfoOf = (stream: (() => Duplex) | undefined): Conninfo | undefined =>
  stream && made.get(stream)

export const make = (conninfo: Conninfo): () => Duplex => {
  let last: PgServer.Place | undefined
  const open = Effect.fnUntraced(function*(packet: Buffer) {
    if (isCancel(packet) && last !== undefined) {
      const socket = yield* PgSocket.connect(conninfo, last.host, last.isEncrypted)
      socket.write(packet)
      return { socket, greeting: Buffer.alloc(0) }
    }
    const session = yield* PgServer.open(conninfo, packet, last)
    last = session.place
    return session
  })
  const stream = () => duplex(open, conninfo)
  made.set(stream, conninfo)
  return stream
}

/** A cancellation says so in place of the protocol's version. */
const isCancel = (packet: Buffer): boolean =>
  packet.length === 16 && packet.readInt32BE(4) === 80877102

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

  // Nobody reads a cancellation's, and its end is to be noticed all the same.
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
