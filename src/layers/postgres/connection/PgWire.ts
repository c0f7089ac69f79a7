/**
 * The messages on a socket before the driver takes it over, read one by one.
 */
import { Data, Effect } from "effect"
import type { Socket } from "node:net"

/** One server could not be connected to. */
export class ConnectFailed extends Data.TaggedError("ConnectFailed")<{
  readonly message: string
  /** The code of the system's error, or the server's SQLSTATE. */
  readonly code: string | undefined
  /** The server's own message, unchanged. */
  readonly reply?: Buffer
  /** Whether encryption failed. */
  readonly isOfTls?: boolean
}> {}

export interface Message {
  readonly type: string
  readonly body: Buffer
  /** The whole message, unchanged. */
  readonly bytes: Buffer
}

export const read = Effect.fnUntraced(function*(socket: Socket) {
  const head = yield* take(socket, 5)
  const length = head.readInt32BE(1) - 4
  if (length < 0 || length > bodyBytesMax) {
    return yield* new ConnectFailed({ message: "it does not speak as PostgreSQL", code: undefined })
  }
  const body = length === 0 ? Buffer.alloc(0) : yield* take(socket, length)
  const type = String.fromCharCode(head[0] ?? 0)
  return { type, body, bytes: Buffer.concat([head, body]) } satisfies Message
})

/** No message before the first statement is longer. */
const bodyBytesMax = 1_000_000

/** This many bytes, as soon as they have arrived. */
export const take = (socket: Socket, count: number): Effect.Effect<Buffer, ConnectFailed> =>
  Effect.callback((resume) => {
    // Events that fired before this reader attached do not fire again.
    if (socket.destroyed || socket.readableEnded) {
      return resume(Effect.fail(socket.errored === null ? closed : failedBy(socket.errored)))
    }
    const look = () => {
      const chunk: Buffer | null = socket.read(count)
      if (chunk === null) return
      stop()
      resume(chunk.length === count ? Effect.succeed(chunk) : Effect.fail(closed))
    }
    const onError = (error: Error) => {
      stop()
      resume(Effect.fail(failedBy(error)))
    }
    const onEnd = () => {
      stop()
      resume(Effect.fail(closed))
    }
    const stop = () => {
      socket.off("readable", look).off("error", onError).off("end", onEnd).off("close", onEnd)
    }
    socket.on("readable", look).on("error", onError).on("end", onEnd).on("close", onEnd)
    look()
    return Effect.sync(stop)
  })

const closed = new ConnectFailed({ message: "the server closed the connection", code: undefined })

/** An error without a listener would end the process; the next reader sees the failed socket. */
export const guarded = <A extends Socket>(socket: A): A => socket.on("error", () => {})

/** For a name with several addresses, the errors are inside. */
export const failedBy = (error: Error): ConnectFailed => {
  const inner: ReadonlyArray<unknown> = error instanceof AggregateError ? error.errors : []
  const messages = inner.flatMap((cause) => cause instanceof Error ? [cause.message] : [])
  const code: unknown = Reflect.get(error, "code")
  return new ConnectFailed({
    message: messages.length > 0 ? messages.join("; ") : error.message || error.name,
    code: typeof code === "string" ? code : undefined
  })
}

/** The error of a server that refuses. */
export const refusal = ({ body, bytes }: Message): ConnectFailed => {
  const fields = new Map(
    body.toString("utf8").split("\0").map((field) => [field.slice(0, 1), field.slice(1)])
  )
  return new ConnectFailed({
    message: fields.get("M") ?? "the server refuses without a reason",
    code: fields.get("C"),
    reply: bytes
  })
}
