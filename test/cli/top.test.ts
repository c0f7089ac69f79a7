/**
 * `pgq top` on a terminal, which tmux is, and without one.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Overview } from "../../src/domain/Overview.ts"
import { Verdict } from "../../src/domain/Verdict.ts"
import * as Postgres from "../support/Postgres.ts"
import * as TcpProxy from "../support/TcpProxy.ts"
import * as Pgq from "./Pgq.ts"
import * as Tmux from "./Tmux.ts"

const Line = Schema.Struct({ version: Schema.Literal(2), verdict: Verdict, ...Overview.fields })

const onTerminal = Tmux.isThere
  ? "top on a terminal"
  : "top on a terminal: skipped, for tmux is not installed"

const byKey = [["q", 0], ["C-c", 130]] as const
const bySignal = [["SIGTERM", 143], ["SIGHUP", 129]] as const

/** A module that lets the test end the program as a bug would. */
const crash = `process.on("SIGUSR2", () => { throw new Error("a bug of the test") })`

/** A schema with jobs in two queues, and `pgq top` on a terminal. */
const shown = Effect.fnUntraced(function*(
  size: { readonly columns: number; readonly rows: number },
  connection?: string
) {
  const { flags, name, table } = yield* Pgq.schema
  const sql = yield* PgClient.PgClient
  const { write } = yield* Pgq.folder
  yield* sql`
    INSERT INTO ${table("jobs")} (queue, name, serialization_key)
    SELECT CASE WHEN n < 3 THEN 'mail' ELSE 'books' END, 'a', CASE WHEN n > 3 THEN 'k' END
    FROM generate_series(1, 7) AS n
  `
  const terminal = yield* Tmux.open(size, {
    NODE_OPTIONS: `--import=${write("crash.mjs", crash)}`,
    PGQ_URL: connection ?? flags[1] ?? "",
    PGQ_SCHEMA: name
  })
  yield* terminal.type("echo before", "Enter")
  yield* terminal.screen(/^before$/m)
  yield* terminal.type(
    `'${process.execPath}' '${Pgq.bin}' top --interval 250ms; echo ended $?`,
    "Enter"
  )
  yield* terminal.screen(/^ {2}mail +\S+ +2 +0 /m)
  return { ...terminal, sql, table }
})

/** The test's database behind a proxy. */
const behindProxy = Effect.gen(function*() {
  const { dbname, host, password, port, user } = yield* Postgres.parameters
  const proxy = yield* TcpProxy.make(
    host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port: Number(port) }
  )
  return {
    proxy,
    connection: `host=127.0.0.1 port=${proxy.port} dbname=${dbname} user=${user} ` +
      `password='${password}'`
  }
})

/** The terminal is as it was before the program began. */
const assertClean = Effect.fnUntraced(function*(
  { modes, screen, type }: Tmux.Terminal,
  code: number
) {
  const text = yield* screen(new RegExp(`^ended ${code}$`, "m"))
  assert.match(text, /^before\n/m)
  assert.notInclude(text, "READ-ONLY")
  assert.deepStrictEqual(yield* modes, { isOtherScreen: false, hasCursor: true, wraps: true })
  // The line is echoed and read as a line, so the terminal is in its usual mode.
  yield* type("echo a''b", "Enter")
  yield* screen(/^ab$/m)
})

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("top", (it) => {
  it.effect("prints one frame without a terminal, or lines of JSON", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      yield* Pgq.run(["enqueue", "a", "--queue", "mail", ...flags])

      const text = yield* Pgq.run(["top", ...flags])
      const one = yield* Pgq.run(["top", "--json", "--once", ...flags])

      assert.deepStrictEqual([text.code, text.stderr, one.code, one.stderr], [0, "", 0, ""])
      assert.match(
        text.stdout,
        /^pgq top {2}\S+@.* schema \w+ {2}\d\d:\d\d:\d\d UTC {2}READ-ONLY\n/
      )
      assert.match(text.stdout, /\n {2}- nobody works on mail: 1 job waits.*\n {2}QUEUE /)
      assert.match(text.stdout, /\n {2}mail +\S+ +1 +0 +0\/0 +0 +0\n {2}no worker\n$/)
      const { queues } = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Line))(one.stdout)
      assert.deepStrictEqual(queues.map(({ ready }) => ready?.value), [1])
      assert.strictEqual(one.stdout.trim().split("\n").length, 1)
    }))

  it.effect("prints a line of JSON for each frame, and goes on when the database is back", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { connection, proxy } = yield* behindProxy
      const top = yield* Pgq.spawn(
        ["top", "--json", "--interval", "250ms", "-c", connection, ...flags.slice(2)]
      )

      yield* Pgq.eventually("two frames", () => top.stdout().split("\n").length > 2 || undefined)
      yield* proxy.refuse
      yield* proxy.cut
      yield* top.line(/^pgq: no frame: /)
      const before = top.stdout().length
      yield* proxy.heal
      yield* Pgq.eventually("another frame", () => top.stdout().length > before || undefined)
      yield* top.kill("SIGTERM")

      const { code, stdout } = yield* top.exit
      assert.strictEqual(code, 143)
      for (const line of stdout.trim().split("\n")) {
        yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Line))(line)
      }
    }))

  it.effect("refuses what it cannot do, in one sentence", () =>
    Effect.gen(function*() {
      const interval = yield* Pgq.run(["top", "--interval", "10ms"])
      const nowhere = yield* Pgq.run(["top", "-c", "host=/nowhere dbname=x"])

      assert.strictEqual(interval.code, 2)
      assert.match(interval.stderr, /^pgq: .*--interval.*10ms is not a time from 250ms to 1h.*\n$/)
      assert.strictEqual(nowhere.code, 1)
      assert.match(nowhere.stderr, /^pgq: cannot connect to .*\/nowhere.*\n$/)
    }))
})

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })(onTerminal, (it) => {
  // tmux comes from Debian, and not every machine has it.
  if (!Tmux.isThere) return it.effect.skip("leaves the terminal as it was", () => Effect.void)

  it.effect.each(byKey)(
    "%s leaves the terminal as it was",
    ([key, code]) =>
      Effect.gen(function*() {
        const terminal = yield* shown({ columns: 80, rows: 24 })

        assert.deepStrictEqual(yield* terminal.modes, {
          isOtherScreen: true,
          hasCursor: false,
          wraps: false
        })
        yield* terminal.type(key)

        yield* assertClean(terminal, code)
      })
  )

  it.effect.each(bySignal)(
    "%s leaves the terminal as it was",
    ([signal, code]) =>
      Effect.gen(function*() {
        const terminal = yield* shown({ columns: 200, rows: 50 })

        yield* terminal.kill(signal)

        yield* assertClean(terminal, code)
      })
  )

  it.effect("gives the terminal back before an error is printed that nothing catches", () =>
    Effect.gen(function*() {
      const terminal = yield* shown({ columns: 200, rows: 50 })

      yield* terminal.kill("SIGUSR2")

      yield* assertClean(terminal, 1)
      yield* terminal.screen(/^Error: a bug of the test$/m)
    }))

  it.effect("fills the terminal anew when its size changes", () =>
    Effect.gen(function*() {
      const terminal = yield* shown({ columns: 80, rows: 24 })

      yield* terminal.resize({ columns: 100, rows: 30 })
      const large = yield* terminal.screen(/^\[o\]verview .*$/m, { rows: 30 })
      yield* terminal.resize({ columns: 40, rows: 12 })
      const small = yield* terminal.screen(/^\[o\] \[l\] .*$/m, { rows: 12 })

      assert.match(large, /^ {2}mail +/m)
      assert.match(small, /^ {2}QUEUE +LATENCY/m)
      assert.strictEqual(small.match(/pgq top/g)?.length, 1)
    }))

  it.effect("goes by keys from a queue to the reasons, and stops", () =>
    Effect.gen(function*() {
      const { screen, sql, table, type } = yield* shown({ columns: 200, rows: 50 })

      yield* type("j", "j")
      yield* screen(/^> books /m)
      yield* type("Enter")
      yield* screen(/^ {2}no lane is blocked or between two tries$/m)
      yield* type("y")
      yield* screen(/^> queue books waits\n {4}1\. no-worker: /m)
      yield* type("o", "p")
      yield* screen(/ STOPPED$/m)
      yield* sql`INSERT INTO ${table("jobs")} (queue, name) VALUES ('third', 'a')`
      yield* screen(/ [2-9]s old /m)
      assert.notInclude(yield* screen(/./), "third")
      yield* type("p")
      yield* screen(/^ {2}third /m)
    }))

  it.effect("keeps the last frame while the database is away", () =>
    Effect.gen(function*() {
      const { connection, proxy } = yield* behindProxy
      const { screen } = yield* shown({ columns: 200, rows: 50 }, connection)

      yield* proxy.refuse
      yield* proxy.cut
      const away = yield* screen(/^NO ANSWER for \S+; the figures are \S+ old; trying again: /m)
      yield* proxy.heal
      const back = yield* screen(/ 0s old /m, {
        isDone: (text) => !text.includes("NO ANSWER")
      })

      assert.match(away, /^ {2}mail +\S+ +2 +0 /m)
      assert.match(back, /^ {2}mail +\S+ +2 +0 /m)
    }))

  it.effect("quits without an answer of the database", () =>
    Effect.gen(function*() {
      const { connection, proxy } = yield* behindProxy
      const terminal = yield* shown({ columns: 200, rows: 50 }, connection)

      yield* proxy.blackhole
      yield* terminal.screen(/ [2-9]s old /m)
      yield* terminal.type("q")

      // A statement without an answer would be waited for longer than the test waits.
      yield* assertClean(terminal, 0)
    }))

  it.effect("has one session, with a name of its own", () =>
    Effect.gen(function*() {
      const { sql, type, screen } = yield* shown({ columns: 80, rows: 24 })
      yield* type("y")
      yield* screen(/no-worker/)

      const sessions = yield* sql`
        SELECT count(*)::int AS n FROM pg_stat_activity
        WHERE application_name = 'pgq top' AND datname = current_database()
      `
      assert.deepStrictEqual(sessions, [{ n: 1 }])
    }))
})
