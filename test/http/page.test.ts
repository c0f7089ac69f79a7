/**
 * The answers to a browser.
 *
 * Tests `src/http/Page.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { HttpServerResponse } from "effect/http"
import { readFileSync } from "node:fs"
import * as Page from "../../src/http/Page.ts"

const page = Page.make("/a/b\"&c", {
  "index.html": "<base href=\"/\">",
  "assets/index-1.js": "1",
  "icon.svg": "<svg/>"
})
const person = { accept: "text/html,*/*" }

const seen = (path: string, headers: Readonly<Record<string, string>> = {}) => {
  const answer = page(path, headers)
  return answer && { status: answer.status, headers: answer.headers }
}

describe("the page", () => {
  it("has the pages that the dashboard has", () => {
    const text = readFileSync("dashboard/src/app/App.tsx", "utf8")
    const [, list = ""] = /const pages[^{]*\{([^}]*)\}/.exec(text) ?? []
    const names = Array.from(list.matchAll(/^ *"?(\w*)"?:/gm), ([, name]) => name!)
    assert.deepStrictEqual(names.toSorted(), [...Page.names].toSorted())
  })

  it("knows where it is mounted", async () => {
    const answer = page("/", {})
    assert.isDefined(answer)
    const text = await HttpServerResponse.toWeb(answer!).text()
    assert.strictEqual(text, "<base href=\"/a/b&quot;&amp;c/\">")
  })

  it("is asked for anew each time, and its files with a hash in their names never", () => {
    assert.include(seen("/")?.headers, { "cache-control": "no-cache" })
    assert.include(seen("/icon.svg")?.headers, { "cache-control": "no-cache" })
    assert.include(
      seen("/assets/index-1.js")?.headers,
      { "cache-control": "public, max-age=31536000, immutable" }
    )
  })

  it("is not sent again to a browser that has it", () => {
    const etag = seen("/")!.headers["etag"]!
    assert.strictEqual(seen("/", { "if-none-match": etag })?.status, 304)
    assert.strictEqual(seen("/", { "if-none-match": "\"other\"" })?.status, 200)
  })

  it("tells people that there is no such page, and leaves the rest to the API", () => {
    assert.strictEqual(seen("/nothing", person)?.status, 404)
    for (const path of ["/nothing", "/assets/index-0.js", "/api/v1/overview"]) {
      assert.isUndefined(seen(path), path)
    }
    for (const path of ["/assets/..%2f..%2fetc/passwd", "/assets/\0", "/api/v1/session"]) {
      assert.isUndefined(seen(path, person), path)
    }
  })
})
