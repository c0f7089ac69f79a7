/**
 * Mistakes in the input of a command. Each mistake causes one clear line on stderr and exit code 1,
 * and leaves nothing half done.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

/** JSON that JavaScript can read, but that Node before version 26 cannot write again. */
const deep = "[".repeat(50_000) + "]".repeat(50_000)

const script = "export const setupJobs = () => {}"

/** Asserts exit code 1, one line on stderr that names the mistake, and an empty stdout. */
const refuses = (ended: Pgq.Ended, ...issues: ReadonlyArray<string>) => {
  assert.match(ended.stderr, /^pgq: [^\n]+\n$/)
  for (const issue of issues) assert.include(ended.stderr, issue)
  assert.strictEqual(ended.stdout, "")
  assert.strictEqual(ended.code, 1)
}

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("mistakes", (it) => {
  it.effect.each(["migrate", "status", "check", "enqueue a"])(
    "%s names the server it cannot reach",
    (command) =>
      Effect.gen(function*() {
        const ended = yield* Pgq.run([
          ...command.split(" "),
          "-c",
          "host=127.0.0.1 port=1 dbname=x"
        ])

        refuses(ended, "dbname=x host=127.0.0.1 port=1", "ECONNREFUSED", "is the server running")
      })
  )

  it.effect("names a certificate that is not there, and does not blame the server", () =>
    Effect.gen(function*() {
      const connection = "host=127.0.0.1 port=1 dbname=x sslmode=require sslrootcert=/nope"
      const ended = yield* Pgq.run(["check", "-c", connection])

      refuses(ended, "ENOENT", "'/nope'")
      assert.notInclude(ended.stderr, "is the server running")
    }))

  it.effect("start names the server it cannot reach, whatever variable named it", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)

      const ended = yield* Pgq.run(["start", "-f", "jobs.mjs", "-p", "a.pid"], {
        cwd: path,
        env: { DATABASE_URL: "postgres://bob:hidden@127.0.0.1:1/x" }
      })

      refuses(ended, "user=bob", "(from DATABASE_URL)")
      assert.notInclude(ended.stderr, "hidden")
      assert.isFalse(existsSync(join(path, "a.pid")))
    }))

  it.effect("never prints a wrong password", () =>
    Effect.gen(function*() {
      const url = new URL((yield* Postgres.TestDatabase).url)
      url.searchParams.delete("password")
      url.searchParams.set("user", "nobody_of_this_name")
      url.password = "hidden"

      const ended = yield* Pgq.run(["check", "-c", url.href])

      refuses(ended, "user=nobody_of_this_name")
      assert.notInclude(ended.stderr, "hidden")
    }))

  it.effect("names a database that does not exist", () =>
    Effect.gen(function*() {
      const url = new URL((yield* Postgres.TestDatabase).url)
      url.pathname = "/no_such_database"

      refuses(yield* Pgq.run(["migrate", "-c", url.href]), "no_such_database", "createdb")
    }))

  it.effect.each([
    ["hots=/tmp", "-c: unknown parameter \"hots\""],
    ["dbname", "-c: not a connection string"],
    ["mysql://u@h/d", "-c: not a valid URL"],
    ["sslmode=on", "-c: sslmode \"on\""]
  ])("refuses the connection %s", ([text, issue]) =>
    Effect.gen(function*() {
      refuses(yield* Pgq.run(["check", "-c", text!]).pipe(Effect.map(withoutStdout)), issue!)
    }))

  it.effect.each(["status", "enqueue a", "start -f jobs.mjs"])(
    "%s says to migrate when there is no schema",
    (command) =>
      Effect.gen(function*() {
        const { url } = yield* Postgres.TestDatabase
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", script)

        const args = [...command.split(" "), "-c", url, "--schema", "nothing_here"]
        refuses(yield* Pgq.run(args, { cwd: path }), "\"nothing_here\"", "run pgq migrate")
      })
  )

  it.effect.each(["migrate", "status", "enqueue a", "start -f jobs.mjs"])(
    "%s leaves the schema of another program alone",
    (command) =>
      Effect.gen(function*() {
        const { url } = yield* Postgres.TestDatabase
        const sql = yield* PgClient.PgClient
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", script)
        yield* sql`CREATE SCHEMA IF NOT EXISTS theirs`
        yield* sql`CREATE TABLE IF NOT EXISTS theirs.jobs (id bigint)`

        const args = [...command.split(" "), "-c", url, "--schema", "theirs"]
        refuses(yield* Pgq.run(args, { cwd: path }), "belongs to another program", "--schema")

        const tables = yield* sql`SELECT FROM pg_class WHERE relnamespace = 'theirs'::regnamespace`
        assert.strictEqual(tables.length, 1)
      })
  )

  it.effect.each(["migrate", "status", "enqueue a"])(
    "%s refuses a schema of the future",
    (command) =>
      Effect.gen(function*() {
        const { flags, table } = yield* Pgq.schema
        const sql = yield* PgClient.PgClient
        yield* sql`INSERT INTO ${table("migrations")} (id, name, is_breaking)
                 VALUES (9999, '9999_future', true)`

        refuses(
          yield* Pgq.run([...command.split(" "), ...flags]),
          "newer pgq (9999_future)",
          "update"
        )
      })
  )

  const invalidScripts: ReadonlyArray<readonly [name: string, text: string, issue: string]> = [
    ["none.mjs", "export const other = 1", "exports neither a function setupJobs"],
    ["number.mjs", "export const setupJobs = 1", "exports neither a function setupJobs"],
    ["syntax.mjs", "export const = 1", "syntax.mjs:1"],
    ["syntax.ts", "const a: number = 1\nexport const b = = 1", "syntax.ts:2"],
    ["assigned.ts", "const a: number = 1\nexport = a", "export assignment is not supported"],
    ["jsx.ts", "\nexport const setupJobs = <div>a</div>", "jsx.ts"],
    [
      "decorated.ts",
      "const d = (c: unknown) => c\n@d class A {}\nexport const setupJobs = () => {}",
      "Node runs no decorators: compile the script first"
    ],
    ["rewritten.ts", "enum A { b }\n\n\nthrow new Error('on line ' + A.b)", "rewritten.ts:4"],
    ["alias.ts", "import '@app/none'", "@app/none"],
    ["throws.mjs", "\nthrow new Error('no mail server')", "no mail server"],
    ["throws.ts", "type A = 1\n\nthrow new Error('no mail server')", "throws.ts:3"],
    [
      "gathered.mjs",
      "throw new AggregateError([Error('no host', { cause: Error('no net') })], 'all failed')",
      "all failed: no host; no net"
    ],
    ["import.mjs", "import 'no-such-package'", "no-such-package"],
    [
      "setup.mjs",
      "export const setupJobs = () => { throw new Error('half') }",
      "setupJobs failed: half"
    ],
    ["reject.mjs", "export const setupJobs = () => Promise.reject(new Error('half'))", "half"],
    [
      "effect.mjs",
      "import { Effect } from 'effect'\nexport const setupJobs = () => Effect.fail('half')",
      "half"
    ],
    [
      "twice.mjs",
      "export const setupJobs = (q) => { q.handle('a', () => 1); q.handle('a', () => 2) }",
      "two handlers for \"a\""
    ],
    [
      "layers.mjs",
      "import { Layer } from 'effect'\nimport { Job } from 'pgq'\n" +
      "const A = Job.make('a')\n" +
      "export default Layer.merge(A.toLayer(() => 1), A.toLayer(() => 2))",
      "two handlers for \"a\""
    ],
    ["handler.mjs", "export const setupJobs = (queue) => queue.handle('a')", "needs a function"],
    ["script.txt", "export const setupJobs = () => {}", "must end in .ts, .mts, .js or .mjs"]
  ]
  it.effect.each(invalidScripts)(
    "start refuses the script %s",
    ([name, text, issue]) =>
      Effect.gen(function*() {
        const { flags } = yield* Pgq.schema
        const { path, write } = yield* Pgq.folder
        write(name, text)

        const ended = yield* Pgq.run(["start", ...flags, "-f", name, "-p", "a.pid"], { cwd: path })

        refuses(ended, `job script ${name}: `, issue)
        assert.isFalse(existsSync(join(path, "a.pid")))
      })
  )

  it.effect.each(["missing.ts", "folder.ts"])(
    "start refuses %s, which is no file",
    (name) =>
      Effect.gen(function*() {
        const { flags } = yield* Pgq.schema
        const { path } = yield* Pgq.folder
        mkdirSync(join(path, "folder.ts"))

        refuses(
          yield* Pgq.run(["start", ...flags, "-f", name], { cwd: path }),
          `job script ${name}: `
        )
      })
  )

  it.effect("start -q says once what is wrong with a script", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", "throw new Error('no mail server')")

      const args = ["start", ...flags, "-f", "jobs.mjs", "-q", "3"]
      refuses(yield* Pgq.run(args, { cwd: path }), "no mail server")
    }))

  const invalidJobs: ReadonlyArray<readonly [issue: string, args: ReadonlyArray<string>]> = [
    ["the payload is not JSON", ["a", "{to: 1}"]],
    ["the payload is not JSON", ["a", ""]],
    ["the payload is not JSON", ["a", "-"]],
    ["the payload contains a NUL", ["a", "{\"text\": \"\\u0000\"}"]],
    ["half of a surrogate pair", ["a", "\"\\ud800\""]],
    ["stack depth limit exceeded", ["a", deep]],
    ["value overflows numeric format", ["a", "1e200000"]],
    ["the key is empty", ["a", "{}", "--key", ""]],
    ["the key has 513 bytes", ["a", "{}", "--key", "k".repeat(513)]],
    ["the job's name is empty", ["", "{}"]],
    ["the queue's name has 64 bytes", ["a", "{}", "--queue", "q".repeat(64)]],
    ["the priority must be", ["a", "{}", "--priority", "3000000000"]]
  ]
  it.effect.each(invalidJobs)("enqueue says: %s", ([issue, args]) =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient

      refuses(yield* Pgq.run(["enqueue", ...flags, ...args]), issue)

      assert.strictEqual((yield* sql`SELECT FROM ${table("jobs")}`).length, 0)
    }))

  it.effect("enqueue adds no line of a file with a mistake, and names the line", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const large = JSON.stringify({ name: "a", payload: "x".repeat(1_048_576) })

      const stdin = `{"name": "a"}\n\n${large}\n`
      refuses(
        yield* Pgq.run(["enqueue", ...flags, "--from", "-"], { stdin }),
        "-:3: the payload has"
      )

      assert.strictEqual((yield* sql`SELECT FROM ${table("jobs")}`).length, 0)
    }))

  it.effect.each([
    ["{\"name\": \"a\", \"dealy\": \"5s\"}", "dealy"],
    ["{\"payload\": 1}", "name"],
    ["{\"name\": \"a\", \"runAt\": \"soon\"}", "runAt \"soon\""],
    ["{\"name\": \"a\", \"expiresIn\": \"soon\"}", "expiresIn \"soon\""],
    ["[1]", "-:1"],
    ["nonsense", "-:1: the line is not JSON"]
  ])("enqueue refuses the line %s", ([stdin, issue]) =>
    Effect.gen(function*() {
      refuses(yield* Pgq.run(["enqueue", "--from", "-"], { stdin: stdin! }), issue!)
    }))

  it.effect("enqueue refuses a line that is nested too deeply", () =>
    Effect.gen(function*() {
      const stdin = `{"name": "a"}\n{"name": "a", "payload": ${deep}}`

      const { flags } = yield* Pgq.schema
      refuses(
        yield* Pgq.run(["enqueue", ...flags, "--from", "-"], { stdin }),
        "-:2: stack depth limit exceeded"
      )
    }))

  it.effect.each(["stop", "status"])(
    "%s refuses a pid file that is not a queue's",
    (command) =>
      Effect.gen(function*() {
        const { path, write } = yield* Pgq.folder
        const other = yield* Effect.acquireRelease(
          Effect.sync(() => spawn("sleep", ["60"])),
          (child) => Effect.sync(() => child.kill())
        )
        const asks = (file: string) => Pgq.run([command, "-p", file], { cwd: path })

        refuses(yield* asks("missing.pid"), "pid file missing.pid: there is none")
        write("empty.pid", "")
        refuses(yield* asks("empty.pid"), "is empty")
        write("malformed.pid", `${other.pid}\n`)
        refuses(yield* asks("malformed.pid"), "is not a pid file of pgq")
        write("dead.pid", "4194000\npgq:0123456789abcdef\n")
        refuses(yield* asks("dead.pid"), "process 4194000 is not running")
        write("foreign.pid", `${other.pid}\npgq:0123456789abcdef\n`)
        refuses(yield* asks("foreign.pid"), `process ${other.pid} is another program`)
        refuses(yield* asks("."), "it is no file")

        assert.isNull(other.signalCode)
      })
  )

  it.effect("start refuses a pid file that is not its own to replace", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      write("precious.txt", "precious")
      symlinkSync(join(path, "precious.txt"), join(path, "link.pid"))
      mkdirSync(join(path, "closed"))
      chmodSync(join(path, "closed"), 0o500)
      const starts = (file: string) =>
        Pgq.run(["start", ...flags, "-f", "jobs.mjs", "-p", file], { cwd: path })

      refuses(yield* starts("precious.txt"), "is not a pid file of pgq")
      refuses(yield* starts("link.pid"), "link.pid: cannot be read: ELOOP")
      refuses(yield* starts("no/such/folder.pid"), "cannot be written: ENOENT")

      assert.strictEqual(readFileSync(join(path, "precious.txt"), "utf8"), "precious")
    }))
})

const withoutStdout = (ended: Pgq.Ended): Pgq.Ended => ({ ...ended, stdout: "" })
