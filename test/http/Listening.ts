/**
 * A client that listens to server-sent events.
 */
import { Deferred, Effect, Queue } from "effect"
import { type IncomingMessage, request } from "node:http"

export interface Event {
  readonly event: string
  readonly id: string | undefined
  readonly data: unknown
}

export interface Listening {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  /** The next event, after the sign at the beginning. */
  readonly next: Effect.Effect<Event>
  /** Whether the server has ended the answer, and not only cut the connection. */
  readonly end: Effect.Effect<boolean>
  readonly leave: Effect.Effect<void>
}

/** Listens until the scope closes. */
export const to = Effect.fnUntraced(function*(port: number, headers: Record<string, string> = {}) {
  const events = yield* Queue.unbounded<Event>()
  const end = yield* Deferred.make<boolean>()
  const response = yield* Effect.acquireRelease(
    begin(port, headers),
    (response) => Effect.sync(() => response.destroy())
  )
  let text = ""
  response.setEncoding("utf8").on("data", (part: string) => {
    const blocks = (text + part).split("\n\n")
    text = blocks.pop() ?? ""
    for (const block of blocks) Queue.offerUnsafe(events, eventOf(block))
  }).on("close", () => Deferred.doneUnsafe(end, Effect.succeed(response.complete)))
  // The server sends a sign at once, with its headers.
  if (response.statusCode === 200) yield* Queue.take(events)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    next: Queue.take(events),
    end: Deferred.await(end),
    leave: Effect.sync(() => void response.destroy())
  } satisfies Listening
})

const begin = (port: number, headers: Record<string, string>) =>
  Effect.callback<IncomingMessage>((resume) => {
    request(
      { host: "127.0.0.1", port, path: "/api/v1/live", agent: false, headers },
      (response) => resume(Effect.succeed(response))
    ).on("error", (error) => resume(Effect.die(error))).end()
  })

const eventOf = (block: string): Event => {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1]
  return {
    event: field("event") ?? "message",
    id: field("id"),
    data: JSON.parse(field("data") ?? "null")
  }
}
