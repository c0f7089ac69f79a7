/**
 * A collector of OTLP on a port of its own, which keeps what it receives.
 */
import { Effect } from "effect"
import { createServer } from "node:http"

export interface Collector {
  readonly url: string
  /** The bodies that were sent to `/v1/metrics`, `/v1/traces` or `/v1/logs`, as raw text. */
  readonly received: (signal: Signal) => string
  /** The same, body by body. */
  readonly bodies: (signal: Signal) => ReadonlyArray<string>
}

type Signal = "metrics" | "traces" | "logs"

export const make = Effect.gen(function*() {
  const bodies = new Map<string, Array<string>>()
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk) => chunks.push(chunk))
    request.on("end", () => {
      const path = request.url ?? ""
      // Names and texts stand in protobuf as they are.
      bodies.set(path, [...bodies.get(path) ?? [], Buffer.concat(chunks).toString("latin1")])
      response.writeHead(200).end()
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () => Effect.sync(() => server.close())
  )
  const address = server.address()
  const collector: Collector = {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    received: (signal) => (bodies.get(`/v1/${signal}`) ?? []).join(""),
    bodies: (signal) => bodies.get(`/v1/${signal}`) ?? []
  }
  return collector
})
