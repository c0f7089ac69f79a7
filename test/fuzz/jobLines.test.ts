/**
 * Files for `pgq enqueue --from`. Each file is read as jobs, or refused in a sentence that names
 * the line.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random, Result } from "effect"
import * as JobLines from "../../src/cli/commands/JobLines.ts"
import * as Pgq from "../cli/Pgq.ts"
import { files } from "./corpus/lines.ts"
import { payloads } from "./corpus/payloads.ts"
import { texts } from "./corpus/texts.ts"
import * as Fuzz from "./Fuzz.ts"

const made = [
  ...Object.values(payloads).map((payload) => `{"name":"a","payload":${payload}}`),
  ...Object.values(texts).flatMap((text) =>
    ["name", "key", "queue", "runAt", "delay", "expiresAt", "expiresIn", text].map((field) =>
      JSON.stringify({ name: "a", [field]: text })
    )
  )
]

const check = Effect.fnUntraced(function*(text: string) {
  const { write } = yield* Pgq.folder
  const what = JSON.stringify(text).slice(0, 120)
  const read = yield* Fuzz.soon(what, Effect.result(JobLines.read(write("jobs.ndjson", text))))
  if (Result.isFailure(read)) {
    assert.match(read.failure._tag, /^(JobInvalid|SettingInvalid)$/, what)
    assert.match(read.failure.message, /jobs\.ndjson:\d+: ./, what)
    return 0
  }
  for (const { job } of read.success) JSON.parse(job.payload)
  return read.success.length
}, Effect.scoped)

describe("the lines of a file", () => {
  it.live("of the corpus are jobs or refused", () =>
    Effect.gen(function*() {
      const counts = yield* Effect.forEach([...files, ...made], check)
      assert.isAbove(counts.filter((count) => count > 0).length, 50)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("made from those of the corpus are jobs or refused", () =>
    Effect.gen(function*() {
      const originals = files.filter(({ length }) => length < 200)
      for (let n = 0; n < 200 * Fuzz.times; n++) {
        yield* check(yield* Fuzz.mutated(yield* Fuzz.pick(originals), originals))
      }
    }).pipe(Random.withSeed(Fuzz.seed), Effect.provide(NodeServices.layer)))
})
