/**
 * A proxy between a client and a server that the test can make fail: connections are cut, refused,
 * swallowed, or end in the middle of a message. The proxy listens on a free port of the loopback
 * device.
 */
import { Effect, type Scope } from "effect"
import {
  type AddressInfo,
  connect,
  createServer,
  type NetConnectOpts,
  type Server,
  type Socket
} from "node:net"

/** How many bytes one connection may carry before it is cut. */
export interface Limits {
  readonly fromServer?: number
  readonly fromClient?: number
}

export interface TcpProxy {
  readonly port: number
  /** Destroys all open connections in both directions, with a reset where the socket allows one. */
  readonly cut: Effect.Effect<void>
  /**
   * Resets each new connection at once. Open connections stay. The proxy keeps its port, because
   * another process could take a port that is given up.
   */
  readonly refuse: Effect.Effect<void>
  readonly accept: Effect.Effect<void>
  /**
   * Swallows all bytes from both sides, on open and on new connections, and closes no connection.
   */
  readonly blackhole: Effect.Effect<void>
  /**
   * Swallows all bytes on the connections that are open now, as if their peer were gone. New
   * connections work.
   */
  readonly swallow: Effect.Effect<void>
  /**
   * Swallows all bytes on the next connection whose client sends this text. The text itself does
   * not arrive.
   */
  readonly swallowAt: (text: string) => Effect.Effect<void>
  /** How many connections `swallowAt` has silenced. */
  readonly swallowed: Effect.Effect<number>
  /**
   * Ends `refuse`, `blackhole`, `swallowAt` and `cutAfter`. Swallowed bytes stay lost, so the
   * connections that have lost bytes are destroyed.
   */
  readonly heal: Effect.Effect<void>
  /** Like `heal`, but the connections that have lost bytes stay open and silent. */
  readonly mend: Effect.Effect<void>
  /** Cuts each new connection after this many bytes. The bytes up to the limit still arrive. */
  readonly cutAfter: (limits: Limits) => Effect.Effect<void>
  /**
   * Cuts the next connection whose client sends this text: after so many bytes from the beginning
   * of the write that has it, or of the server's answer.
   */
  readonly cutAt: (text: string, limits: Limits) => Effect.Effect<void>
  /** How many connections have reached a limit of `cutAfter` or `cutAt`. */
  readonly limited: Effect.Effect<number>
  readonly connections: Effect.Effect<number>
}

/** Makes a proxy in front of a host and port, or of a unix socket. */
export const make = (
  target: NetConnectOpts
): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.map(Effect.acquireRelease(open(target), ({ close }) => close), ({ proxy }) => proxy)

/** A connection through the proxy: the socket of each side. */
interface Pair {
  readonly client: Socket
  readonly server: Socket
  hasLostBytes: boolean
  isSwallowed: boolean
  /** How many more bytes each side may send. */
  readonly left: { client: number; server: number }
}

const open = Effect.fnUntraced(
  function*(target: NetConnectOpts) {
    const pairs = new Set<Pair>()
    let isBlackhole = false
    let isRefusing = false
    let swallowedText: string | undefined
    let swallowed = 0
    let limits: Limits = {}
    let limited = 0
    let cutAt: (Limits & { readonly text: string }) | undefined

    const join = (client: Socket) => {
      if (isRefusing) return void client.on("error", () => {}).resetAndDestroy()
      const server = connect(target)
      const { fromClient = Infinity, fromServer = Infinity } = limits
      const left = { client: fromClient, server: fromServer }
      const pair: Pair = { client, server, hasLostBytes: false, isSwallowed: false, left }
      const end = () => destroy(pair)
      pairs.add(pair)
      carry(client, server, "client")
      carry(server, client, "server")
      for (const socket of [client, server]) {
        socket.setNoDelay(true).on("error", end).once("close", end)
      }

      function carry(from: Socket, to: Socket, side: "client" | "server") {
        let isCut = false
        from.on("data", (bytes) => {
          if (from === client && cutAt !== undefined && bytes.includes(cutAt.text)) {
            left.client = cutAt.fromClient ?? Infinity
            left.server = cutAt.fromServer ?? Infinity
            cutAt = undefined
          }
          if (from === client && swallowedText !== undefined && bytes.includes(swallowedText)) {
            swallowedText = undefined
            swallowed++
            pair.isSwallowed = true
          }
          if (isBlackhole || pair.isSwallowed) {
            pair.hasLostBytes = true
            return
          }
          const passed = bytes.subarray(0, Math.min(left[side], bytes.length))
          left[side] -= passed.length
          if (left[side] === 0 && !isCut) limited += 1
          isCut ||= left[side] === 0
          const hasRoom = to.write(passed, () => isCut && end())
          if (!hasRoom) {
            from.pause()
            to.once("drain", () => from.resume())
          }
        })
      }
    }

    const destroy = (pair: Pair) => {
      pairs.delete(pair)
      pair.client.resetAndDestroy()
      // A unix socket cannot be reset.
      if ("path" in target) pair.server.destroy()
      else pair.server.resetAndDestroy()
    }

    const destroyWhere = (isMeant: (pair: Pair) => boolean) =>
      Effect.sync(() => [...pairs].filter(isMeant).forEach(destroy))
    const cut = destroyWhere(() => true)

    const listener = createServer(join)
    const port = yield* listen(listener, 0)
    const accept = Effect.sync(() => void (isRefusing = false))
    const refuse = Effect.sync(() => void (isRefusing = true))
    const close = Effect.sync(() => void listener.close())
    const mend = Effect.sync(() => {
      for (const pair of pairs) pair.isSwallowed ||= pair.hasLostBytes
      isBlackhole = false
      isRefusing = false
      swallowedText = undefined
      limits = {}
    })

    const proxy: TcpProxy = {
      port,
      cut,
      refuse,
      accept,
      blackhole: Effect.sync(() => isBlackhole = true),
      swallow: Effect.sync(() => pairs.forEach((pair) => pair.isSwallowed = true)),
      swallowAt: (text) => Effect.sync(() => swallowedText = text),
      swallowed: Effect.sync(() => swallowed),
      heal: Effect.andThen(mend, destroyWhere((pair) => pair.hasLostBytes)),
      mend,
      cutAfter: (after) => Effect.sync(() => limits = after),
      cutAt: (text, at) => Effect.sync(() => cutAt = { ...at, text }),
      limited: Effect.sync(() => limited),
      connections: Effect.sync(() => pairs.size)
    }
    return { proxy, close: Effect.andThen(close, cut) }
  }
)

const listen = (listener: Server, port: number) =>
  Effect.callback<number>((resume) => {
    listener.listen(port, "127.0.0.1", () => {
      resume(Effect.sync(() => (listener.address() as AddressInfo).port))
    })
  })
