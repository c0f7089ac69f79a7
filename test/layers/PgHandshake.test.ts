/**
 * Servers that break the protocol before the first statement.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { TLSSocket } from "node:tls"
import * as Conninfo from "../../src/domain/Conninfo.ts"
import * as PgConninfo from "../../src/layers/postgres/connection/PgConninfo.ts"
import { storeError } from "../../src/layers/postgres/PgError.ts"

/**
 * A server that answers each message of the client with the next of `lines`. Answers with the port
 * and the received messages.
 */
const impostor = (...lines: ReadonlyArray<(heard: Buffer, socket: Socket) => void>) => {
  const heard: Array<Buffer> = []
  return Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((socket) => {
        let at = 0
        socket.on("error", () => {}).on("data", (chunk) => {
          heard.push(chunk)
          lines[at++]?.(chunk, socket)
        })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return { port: typeof address === "object" && address !== null ? address.port : 0, heard }
  }))
}

const own = (name: string) => readFileSync(new URL(`../support/tls/${name}`, import.meta.url))
const certificate = { cert: own("server.crt"), key: own("server.key") }

const refusal = (port: number, how: string) =>
  Result.getOrThrow(
    Result.flatMap(
      Conninfo.parse(`host=127.0.0.1 port=${port} user=bob password=secret dbname=d ${how}`, "-c"),
      ({ given }) => Conninfo.complete(given, { setting: "-c", user: "me", host: () => "none" })
    ).pipe(Result.map((conninfo) =>
      SqlClient.SqlClient.use((sql) => sql`SELECT 1`).pipe(
        Effect.provide(PgClient.layer(PgConninfo.clientConfig(conninfo))),
        Effect.flip,
        Effect.map((error) => storeError("ask")(error).message)
      )
    ))
  )

const message = (type: string, body: Buffer | string): Buffer => {
  const bytes = Buffer.concat([Buffer.from(`${type}\0\0\0\0`), Buffer.from(body)])
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}

const asks = (kind: number, text = ""): Buffer =>
  message("R", Buffer.concat([Buffer.from([0, 0, 0, kind]), Buffer.from(text)]))

const welcome = Buffer.concat([asks(0), message("Z", "I")])
const says = (...answer: ReadonlyArray<Buffer>) => (_: Buffer, socket: Socket) =>
  void socket.write(Buffer.concat(answer))

const challenge = (rounds: number) => (heard: Buffer, socket: Socket) => {
  const nonce = /r=([^,]+)$/.exec(heard.toString())?.[1] ?? ""
  socket.write(asks(11, `r=${nonce}more,s=c2FsdA==,i=${rounds}`))
}

describe("a server", () => {
  it.live.each(
    [
      ["that answers more than a byte to a request for TLS", [says(Buffer.from("Smore"))]],
      ["that speaks something else", [says(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"))]]
    ] as const
  )("%s is not believed", ([, lines]) =>
    Effect.gen(function*() {
      const { port } = yield* impostor(...lines)

      assert.include(yield* refusal(port, "sslmode=require"), "does not speak as PostgreSQL")
    }))

  it.live("that speaks something else is not believed without TLS either", () =>
    Effect.gen(function*() {
      const { port } = yield* impostor(says(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")))

      assert.include(
        yield* refusal(port, "sslmode=disable target_session_attrs=primary"),
        "does not speak as PostgreSQL"
      )
    }))

  const scram = [says(Buffer.from("N")), says(asks(10, "SCRAM-SHA-256\0\0"))]
  it.live.each(
    [
      ["proves nothing", [challenge(4096), says(asks(12, "v=AAAA"), welcome)], "does not know"],
      ["skips its proof", [challenge(4096), says(welcome)], "breaks off SCRAM"],
      ["asks for endless work", [challenge(2_000_000_000)], "2000000000 rounds"],
      ["answers somebody else", [says(asks(11, "r=x,s=c2FsdA==,i=1"))], "not an answer"]
    ] as const
  )("that %s is not believed", ([, lines, why]) =>
    Effect.gen(function*() {
      const { port } = yield* impostor(...scram, ...lines)

      assert.include(yield* refusal(port, ""), why)
    }))

  it.live("is told that a client would bind its proof, where it offers no binding", () =>
    Effect.gen(function*() {
      const firsts: Array<string> = []
      const secure = (_: Buffer, socket: Socket) => {
        socket.removeAllListeners("data").write("S")
        const inner = new TLSSocket(socket, { isServer: true, ...certificate })
        const lines = [
          says(asks(10, "SCRAM-SHA-256\0\0")),
          (heard: Buffer) => {
            firsts.push(heard.toString().slice(-40))
            inner.destroy()
          }
        ]
        inner.on("error", () => {}).on("data", (chunk) => lines.shift()?.(chunk, inner))
      }
      const { port } = yield* impostor(secure)

      yield* refusal(port, "sslmode=require")
      yield* refusal(port, "sslmode=require channel_binding=disable")

      assert.match(firsts[0]!, /y,,n=,r=/)
      assert.match(firsts[1]!, /n,,n=,r=/)
    }))

  it.live("never gets a password in the open that is to be proven", () =>
    Effect.gen(function*() {
      const { heard, port } = yield* impostor(says(Buffer.from("N")), says(asks(3)), says(welcome))

      assert.include(yield* refusal(port, "require_auth=scram-sha-256"), "require_auth")
      assert.notInclude(Buffer.concat(heard).toString(), "secret")
    }))

  it.live("that asks for what pgq does not have is left", () =>
    Effect.gen(function*() {
      const { port } = yield* impostor(says(Buffer.from("N")), says(asks(7)))

      assert.include(yield* refusal(port, ""), "asks for GSSAPI")
    }))

  it.live("that goes away is named, and one that is silent is left", () =>
    Effect.gen(function*() {
      const gone = yield* impostor(says(Buffer.from("N")), (_, socket) =>
        void socket.resetAndDestroy())
      const silent = yield* impostor(says(Buffer.from("N")))

      assert.match(yield* refusal(gone.port, ""), /ECONNRESET|closed the connection/)
      assert.include(yield* refusal(silent.port, "connect_timeout=1"), "no answer")
    }))
})
