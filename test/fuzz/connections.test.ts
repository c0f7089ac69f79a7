/**
 * Connection strings of any kind. Each is read or refused at once, and no refusal shows the
 * password. A string that was read can be written and read again without a change.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Random, Redacted, Result } from "effect"
import * as Conninfo from "../../src/domain/Conninfo.ts"
import { socketPath } from "../../src/domain/ConninfoHosts.ts"
import { connections } from "./corpus/connections.ts"
import * as Fuzz from "./Fuzz.ts"

const defaults = { setting: "-c", user: "me", host: () => "localhost" }

const read = (text: string) =>
  Result.flatMap(Conninfo.parse(text, "-c"), ({ given }) => Conninfo.complete(given, defaults))

const plain = (conninfo: Conninfo.Conninfo) => ({
  ...conninfo,
  password: conninfo.password && Redacted.value(conninfo.password)
})

/**
 * Checks one connection string. Answers with the refusal or the description, which may be shown.
 */
const check = (text: string): string => {
  const what = JSON.stringify(text).slice(0, 200)
  const result = read(text)
  if (Result.isFailure(result)) {
    assert.strictEqual(result.failure._tag, "SettingInvalid", what)
    return result.failure.message
  }
  const conninfo = result.success
  const again = read(Redacted.value(Conninfo.format(conninfo)))
  assert.deepStrictEqual(plain(Result.getOrThrow(again)), plain(conninfo), what)
  for (const host of conninfo.hosts) {
    assert.isAbove(host.port, 0)
    assert.isBelow(host.port, 65536)
    socketPath(host)
  }
  return Conninfo.describe(conninfo)
}

describe("a connection string", () => {
  it.live("of the corpus is read or refused at once", () =>
    Effect.forEach(
      connections,
      (text) =>
        Effect.map(
          Fuzz.soon(JSON.stringify(text).slice(0, 100), Effect.sync(() => check(text))),
          (shown) => assert.notInclude(shown, "s3cret")
        ),
      { discard: true }
    ))

  it.live("made from those of the corpus is read or refused", () =>
    Effect.gen(function*() {
      const originals = connections.filter(({ length }) => length < 200)
      for (let n = 0; n < 5000 * Fuzz.times; n++) {
        let text = yield* Fuzz.pick(originals)
        for (let depth = yield* Fuzz.below(4); depth >= 0; depth--) {
          text = yield* Fuzz.mutated(text, originals)
        }
        check(text)
      }
    }).pipe(Random.withSeed(Fuzz.seed)))
})
