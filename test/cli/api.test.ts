/**
 * `pgq api`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { request } from "node:http"
import { join } from "node:path"
import * as Endpoints from "../http/Endpoints.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const port0 = ["--listen", "127.0.0.1:0"]

/** A running server, with its address and the header that it prints. */
const started = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) {
  const server = yield* Pgq.spawn(["api", ...args], { env })
  const [, address = "", header = ""] = yield* Pgq.eventually(
    "address",
    () => /^(http:\S+|unix:\S+)\n(?:authorization: (.*)\n)?/.exec(server.stdout()) ?? undefined
  )
  return { ...server, address, header }
})

const ask = (url: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const response = await fetch(url, init)
    return { status: response.status, text: await response.text() }
  })

const withHeader = (authorization: string) => ({ headers: { authorization } })

const changing = (authorization: string, { body, method }: { method: string; body: unknown }) => ({
  method,
  body: JSON.stringify(body),
  headers: { authorization, "x-pgq": "1", "content-type": "application/json" }
})

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("pgq api", (it) => {
  it.effect("serves whoever has the token that it prints, until a signal", () =>
    Effect.gen(function*() {
      const { flags, name } = yield* Pgq.schema
      const server = yield* started([...port0, ...flags])

      assert.match(server.address, /^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/)
      assert.strictEqual((yield* ask(`${server.address}/session`)).status, 401)
      const session = yield* ask(`${server.address}/session`, withHeader(server.header))
      assert.include(JSON.parse(session.text), { actor: "token", schema: name })
      const added = yield* ask(
        `${server.address}/jobs`,
        changing(server.header, { method: "POST", body: { jobs: [{ name: "greet" }] } })
      )
      assert.strictEqual(added.status, 200, added.text)
      yield* server.kill("SIGTERM")
      const { code, stderr } = yield* server.exit
      assert.strictEqual(code, 143)
      assert.match(stderr, /token: jobs\.add event=api\.changed actor=token path=\S+\/jobs\n$/)
    }))

  it.effect("changes nothing with --read-only, by the API or by the database", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { address, header } = yield* started([...port0, "--read-only", ...flags])
      const root = address.replace("/api/v1", "")

      for (const { name, path, ...endpoint } of Endpoints.changes) {
        const { status } = yield* ask(root + path, changing(header, endpoint))
        assert.strictEqual(status, 403, name)
      }
      assert.strictEqual((yield* ask(`${address}/pauses`, withHeader(header))).status, 200)
      const sql = yield* PgClient.PgClient
      const [row] = yield* sql<{ readonly count: number }>`
        SELECT count(*)::int AS count FROM pg_stat_activity
        WHERE application_name = 'pgq api' AND datname = current_database()
      `
      assert.include([1, 2], row!.count)
    }))

  it.effect("takes its secrets from the environment and from files", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const folder = yield* Pgq.folder
      const file = folder.write("password", "se:cret\n")
      const basic = yield* started([...port0, "--auth", "basic", ...flags], {
        PGQ_API_USER: "ada",
        PGQ_API_PASSWORD_FILE: file
      })
      const bearer = yield* started([...port0, "--auth", "bearer", ...flags], {
        PGQ_API_TOKEN_READ: "peep"
      })

      const credential = Buffer.from("ada:se:cret").toString("base64")
      assert.strictEqual(
        (yield* ask(`${basic.address}/session`, withHeader(`Basic ${credential}`))).status,
        200
      )
      const reading = yield* ask(`${bearer.address}/session`, withHeader("Bearer peep"))
      assert.deepStrictEqual(JSON.parse(reading.text).rights, ["read", "payloads"])
      assert.strictEqual(basic.header + bearer.header, "")
    }))

  it.effect("listens on a socket file", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const folder = yield* Pgq.folder
      const path = join(folder.path, "api.sock")
      const { address, header } = yield* started(["--listen", `unix:${path}`, ...flags])

      assert.strictEqual(address, `unix:${path}`)
      const status = yield* Effect.callback<number | undefined>((resume) => {
        const headers = { authorization: header, host: "localhost" }
        request({ socketPath: path, path: "/api/v1/session", headers }, (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode))
        }).end()
      })
      assert.strictEqual(status, 200)
    }))

  it.effect("starts only where it is safe, and says why it does not", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { address } = yield* started([...port0, ...flags])
      const taken = new URL(address).host

      for (
        const [args, issue] of [
          [["--listen", "0.0.0.0:0"], "other machines reach this address: choose an --auth"],
          [["--listen", "[::]:0", "--auth", "none"], "put a proxy with TLS before it"],
          [["--listen", "7470"], "is neither an address such as"],
          [["--listen", "127.0.0.1:99999"], "is neither an address such as"],
          [["--listen", taken], "EADDRINUSE"],
          [["--auth", "basic", ...port0], "PGQ_API_USER and PGQ_API_PASSWORD"],
          [["--auth", "bearer", ...port0], "PGQ_API_TOKEN or PGQ_API_TOKEN_READ"],
          [
            ["--auth", "proxy", "--user-header", "x-user", "--trusted-proxy", "ten"],
            "\"ten\" is no network"
          ]
        ] as const
      ) {
        const { code, stderr } = yield* Pgq.run(["api", ...args, ...flags])
        assert.strictEqual(code, 1, stderr)
        assert.match(stderr, /^pgq: [^\n]+\n$/)
        assert.include(stderr, issue)
      }
      const misused = yield* Pgq.run(["api", "--auth", "proxy"])
      assert.strictEqual(misused.code, 2)
      assert.include(misused.stderr, "--auth proxy needs --user-header and --trusted-proxy")
    }), manyStarts)
})

/** Ten processes start one after the other. */
const manyStarts = 90_000
