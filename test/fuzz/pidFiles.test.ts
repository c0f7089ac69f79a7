/**
 * Pid files with any content, and paths to any kind of file. No process is signalled, and only a
 * pid file of pgq is replaced.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Random, Result } from "effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import * as PidFiles from "../../src/cli/process/PidFiles.ts"
import * as PidFile from "../../src/domain/PidFile.ts"
import * as Pgq from "../cli/Pgq.ts"
import { contents, stats } from "./corpus/pidFiles.ts"
import { texts } from "./corpus/texts.ts"
import * as Fuzz from "./Fuzz.ts"

const refused = <A>(what: string, effect: Effect.Effect<A, { readonly _tag: string }>) =>
  Effect.map(
    Fuzz.soon(what, Effect.flip(effect)),
    (error) => assert.strictEqual(error._tag, "PidFileInvalid", what)
  )

describe("a pid file", () => {
  it("is read back as it was written, or not at all", () => {
    for (const text of contents) {
      const parsed = PidFile.parse(text)
      if (Result.isSuccess(parsed)) assert.strictEqual(PidFile.format(parsed.success), text)
    }
    for (const stat of stats) {
      const time = PidFile.startTimeOf(stat)
      assert.isTrue(time === undefined || time.length > 0)
    }
  })

  it.live("of any content has nobody signalled, and is replaced only if it is pgq's", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      for (const [index, text] of contents.entries()) {
        const what = JSON.stringify(text).slice(0, 60)
        const file = write(`${index}.pid`, text)
        yield* refused(what, PidFiles.signal(file, "SIGKILL"))
        assert.isFalse(yield* PidFiles.isHeld(file, 1))
        if (Result.isSuccess(PidFile.parse(text))) continue
        yield* refused(what, Effect.scoped(PidFiles.hold(file, Option.none())))
        assert.strictEqual(readFileSync(join(path, `${index}.pid`), "utf8"), readBack(text))
      }
    }))

  it.live("of random content has nobody signalled", () =>
    Effect.gen(function*() {
      const { write } = yield* Pgq.folder
      const originals = contents.filter(({ length }) => length < 100)
      for (let n = 0; n < 200 * Fuzz.times; n++) {
        const text = yield* Fuzz.mutated(yield* Fuzz.pick(originals), originals)
        yield* refused(JSON.stringify(text), PidFiles.signal(write("a.pid", text), "SIGKILL"))
      }
    }).pipe(Random.withSeed(Fuzz.seed)))

  it.live("leaves nothing behind in its process", () =>
    Effect.gen(function*() {
      const { path } = yield* Pgq.folder
      const before = process.listenerCount("exit")
      const file = join(path, "a.pid")
      const during = yield* Effect.scoped(
        Effect.map(PidFiles.hold(file, Option.none()), () => process.listenerCount("exit"))
      )

      assert.strictEqual(during, before + 1)
      assert.strictEqual(process.listenerCount("exit"), before)
    }))

  it.live("that is no file is refused at once", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      const at = (name: string) => join(path, name)
      mkdirSync(at("folder"))
      spawnSync("mkfifo", [at("fifo")])
      symlinkSync(at("loop"), at("loop"))
      symlinkSync(write("real.pid", "1\n"), at("link"))
      const paths = ["folder", "fifo", "loop", "link", "nothing", "no/such"].map(at)
      for (const file of [...paths, "/dev/zero", "/dev/null", "/proc/self/mem", path]) {
        yield* refused(file, PidFiles.signal(file, "SIGKILL"))
      }
    }))

  it.live("may have any name that a file can have", () =>
    Effect.gen(function*() {
      const { path } = yield* Pgq.folder
      for (const [what, text] of Object.entries(texts)) {
        const file = join(path, `pid ${text.replaceAll("/", "_")}`)
        const held = yield* Fuzz.soon(
          what,
          Effect.result(Effect.scoped(Effect.andThen(
            PidFiles.hold(file, Option.none()),
            PidFiles.isHeld(file, process.pid)
          )))
        )
        if (Result.isSuccess(held)) assert.isTrue(held.success, what)
        else assert.strictEqual(held.failure._tag, "PidFileInvalid", what)
      }
    }))
})

/** The text as it is read back from a file. Unpaired surrogates are replaced. */
const readBack = (text: string): string => Buffer.from(text).toString("utf8")
