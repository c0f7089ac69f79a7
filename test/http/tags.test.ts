/**
 * The tags of looks.
 *
 * Tests `src/http/Tags.ts` and `src/http/LooksLive.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

const looks = [
  "overview",
  "queues",
  "queue?queue=mail",
  "workers",
  "lanes?by=blocked",
  "lanes?by=longest",
  "lane?queue=mail&key=k"
]

describe("a look", () => {
  it.effect("is not sent again where nothing but its time has changed", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()
      for (const look of looks) {
        const { headers, status } = yield* ask(`/api/v1/${look}`)
        assert.strictEqual(status, 200, look)
        const etag = String(headers["etag"])
        assert.match(etag, /^W\/"[\w-]{22}"$/, look)

        yield* TestClock.adjust("2 seconds")
        const again = yield* ask(`/api/v1/${look}`, { headers: { "if-none-match": etag } })

        assert.deepStrictEqual([again.status, again.text], [304, ""], look)
        assert.strictEqual(again.headers["etag"], etag)
        assert.strictEqual(again.headers["cache-control"], "no-store")
      }
    }))

  it.effect("is sent to those who have an older one", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()
      const { headers } = yield* ask("/api/v1/overview")
      yield* ask("/api/v1/jobs", {
        method: "POST",
        headers: Socket.change,
        body: { jobs: [{ name: "greet" }] }
      })
      yield* TestClock.adjust("2 seconds")

      const again = yield* ask("/api/v1/overview", {
        headers: { "if-none-match": String(headers["etag"]) }
      })

      assert.strictEqual(again.status, 200)
      assert.notStrictEqual(again.headers["etag"], headers["etag"])
    }))
})
