/**
 * Connections with several servers: which server is tried next, and which server gets a request to
 * cancel.
 */
import { assert, layer } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { at, refusal } from "../support/ByConninfo.ts"
import { OpenServer } from "../support/OpenServer.ts"
import * as Open from "../support/OpenServer.ts"
import * as TcpProxy from "../support/TcpProxy.ts"

const options = { excludeTestServices: true, timeout: "120 seconds" } as const
layer(Open.layer, options)("PgServer", (it) => {
  it.effect("asks no further server once one has turned it away", () =>
    Effect.gen(function*() {
      const { port, standbyPort } = yield* OpenServer
      const line = yield* refusal(
        `host=127.0.0.1,127.0.0.1 port=${standbyPort},${port} dbname=postgres user=scrammed ` +
          "password=wrong"
      )

      assert.match(line, /password authentication failed/)
      assert.notInclude(line, `:${port}: `)
    }))

  it.effect("cancels on the server of the session, though the next one is on another", () =>
    Effect.gen(function*() {
      const { password, port, standbyPort } = yield* OpenServer
      const proxy = yield* TcpProxy.make({ host: "127.0.0.1", port })
      const both = `host=127.0.0.1,127.0.0.1 port=${proxy.port},${standbyPort} dbname=postgres ` +
        `user=pgq password=${password}`
      yield* at(
        both,
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const first = yield* sql.reserve
          yield* first.executeValuesUnprepared("SELECT 1", [])
          yield* proxy.refuse
          const second = yield* sql.reserve
          const [row] = yield* second.executeValuesUnprepared("SELECT pg_is_in_recovery()", [])
          assert.deepStrictEqual(row, [true])
          yield* proxy.accept

          const before = yield* Clock.currentTimeMillis
          yield* Effect.timeoutOption(
            first.executeValuesUnprepared("SELECT pg_sleep(60)", []),
            "200 millis"
          )
          assert.isBelow((yield* Clock.currentTimeMillis) - before, 4000)
        }).pipe(Effect.scoped)
      )
    }))

  it.effect("finds the next server when the one it had is gone", () =>
    Effect.gen(function*() {
      const { password, port } = yield* OpenServer
      const target = { host: "127.0.0.1", port }
      const one = yield* TcpProxy.make(target)
      const other = yield* TcpProxy.make(target)
      const both = `host=127.0.0.1,127.0.0.1 port=${one.port},${other.port} dbname=postgres ` +
        `user=pgq password=${password} target_session_attrs=primary`
      yield* at(
        both,
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* sql`SELECT 1`
          assert.strictEqual(yield* other.connections, 0)
          yield* one.refuse
          yield* one.cut
          yield* Effect.retry(sql`SELECT 1`, { times: 1 })
          assert.strictEqual(yield* other.connections, 1)
        })
      )
    }))
})
