/**
 * The build as an application sees it. The examples in the comments of the public names compile,
 * and each program in them runs on a database of its own. The types in public declarations are
 * public.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  type Insight,
  type JobAdmin,
  type JobControl,
  type JobRepo,
  type Objectives,
  type Operations,
  type PauseControl,
  PgSchema,
  QueueLive,
  type Series
} from "pgq"
import * as Postgres from "../support/Postgres.ts"
import * as Compiled from "./Compiled.ts"
import * as Exports from "./Exports.ts"

/** The example of each public value, with the name of the value. */
const examples = Exports.all().filter(({ isValue }) => isValue).map(({ comment, name }, n) => {
  const [, block = ""] = /@example\n \* ```ts\n([\s\S]*?)^ \* ```$/m.exec(comment) ?? []
  // Two names may differ in case alone, and names of files must not.
  return { name, file: `${n}.${name}.ts`, code: block.replaceAll(/^ \* ?/gm, "") }
})

/** Checks by type that a program needs only the services of an application that adds jobs. */
const typed = `
import type { PgClient as Client } from "@effect/sql-pg"
import type { Effect as Effects } from "effect"
import type * as Pgq from "pgq"
export const isRun: Effects.Effect<
  unknown, unknown,
  | Client.PgClient | Pgq.Insight | Pgq.JobAdmin | Pgq.JobControl | Pgq.JobRepo | Pgq.Objectives
  | Pgq.Operations | Pgq.PauseControl | Pgq.Series
> = program
`
const hasProgram = (code: string) => code.includes("export const program")

const onDatabase = Effect.provide(
  QueueLive.client().pipe(
    Layer.provideMerge(Layer.effectDiscard(PgSchema.migrate())),
    Layer.provideMerge(Postgres.layer),
    Layer.provide(Logger.layer([]))
  )
)

interface Module {
  readonly program?: Effect.Effect<
    unknown,
    unknown,
    | Insight
    | JobAdmin
    | JobControl
    | JobRepo
    | Objectives
    | Operations
    | PauseControl
    | PgClient.PgClient
    | Series
  >
}

describe("the examples of the public names", { timeout: 120_000 }, () => {
  it.live("compile and run", () =>
    Effect.gen(function*() {
      const { path, said } = yield* Compiled.programs(Object.fromEntries(
        examples.map(({ code, file }) => [
          file,
          hasProgram(code) ? code + typed : code
        ])
      ))
      assert.strictEqual(said, "")

      let runs = 0
      for (const { file, name } of examples) {
        const module: Module = yield* Effect.promise(() => import(join(path, file)))
        if (module.program === undefined) continue
        runs++
        yield* module.program.pipe(
          Effect.timeout("20 seconds"),
          onDatabase,
          Effect.tapCause((cause) => Effect.logError(`the example of ${name}`, cause))
        )
      }
      assert.isAtLeast(runs, 20)
    }))
})

/** A program whose main layer must need nothing but a database client. */
const program = (jobs: string, layer: string) => `
  import { Effect, Layer, Schema } from "effect"
  import { PgClient } from "@effect/sql-pg"
  import { Job, QueueLive } from "pgq"
  const Greet = Job.make("greet")
  const Again = Job.make("greet", { payload: Schema.String })
  const GreetLive = Greet.toLayer(() => undefined)
  const Queue = QueueLive.layer({ jobs: [${jobs}] })
  const Main: Layer.Layer<never, unknown, PgClient.PgClient> = ${layer}
`

describe("a mistake", { timeout: 60_000 }, () => {
  it.live("is told in words", () =>
    Effect.gen(function*() {
      const { said } = yield* Compiled.programs({
        "right.ts": program("Greet", "Layer.provide(Queue, GreetLive)"),
        "missing.ts": program("Greet", "Queue"),
        "beside.ts": program("Greet", "Layer.merge(Queue, GreetLive)"),
        "twice.ts": program("Greet, Again", "Layer.provide(Queue, GreetLive)"),
        "none.ts": program("", "Queue"),
        "unnamed.ts": `import { Job } from "pgq"\nexport const Unnamed = Job.make("")\n`
      })

      const of = (file: string) =>
        said.split(/^(?=\S)/m).filter((text) => text.includes(`${file}.ts(`)).join("")
      assert.strictEqual(of("right"), "")
      assert.match(of("missing"), /'Handler<"greet">'/)
      assert.match(of("beside"), /'Handler<"greet">'/)
      assert.match(of("twice"), /two kinds of jobs are named \\?"greet\\?"/)
      assert.match(of("none"), /Source has 0 element\(s\) but target requires 1/)
      assert.match(of("unnamed"), /"a job needs a name"/)
    }))
})

// A declaration file imports each type that its declarations name.
describe("the types of the public names", () => {
  const exports = Exports.all()
  const files = Array.from(new Set(exports.map(({ file }) => file)))
  const isPublic = (file: string, name: string) =>
    exports.some((one) => one.file === file && new RegExp(`(^|\\.)${name}$`).test(one.name))

  it.each(files)("in %s name public types alone", (file) => {
    const text = readFileSync(file.replace(/^src\/(.*)\.ts$/, "dist/$1.d.ts"), "utf8")
    const named = Array.from(
      text.matchAll(/^import (?:type )?\{([^}]*)\} from "(\.[^"]+)"/gm),
      ([, names = "", from = ""]) => {
        const source = join(dirname(file), from.replace(/\.js$/, ".ts"))
        return names.split(",").map((name) => name.replace("type ", "").trim())
          .map((name) => ({ source, name }))
      }
    ).flat()
    assert.deepStrictEqual(
      named.filter(({ name, source }) => !isPublic(source, name))
        .map(({ name, source }) => `${name} of ${source}`),
      []
    )
  })
})
