/**
 * The keys of `pgq top`: each makes a state of a state.
 */
import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as Keys from "../../../src/cli/top/Keys.ts"
import * as Looks from "../../../src/cli/top/Looks.ts"
import * as Pages from "../../../src/cli/top/Pages.ts"
import * as TopState from "../../../src/cli/top/TopState.ts"
import * as Verdict from "../../../src/domain/Verdict.ts"
import { overview, queue, state } from "./SomeFigures.ts"

const press = (from: TopState.State, ...keys: ReadonlyArray<string>) =>
  keys.reduce(Keys.press, from)

const chosen = (of: TopState.State) => {
  const items = Pages.items(of)
  return items[Pages.placeOf(items, of)]?.id
}

const seen = (from: TopState.State, next: typeof overview) =>
  TopState.looked(from, {
    figures: { overview: next, verdict: Verdict.of(next), at: 101_000 },
    detail: undefined,
    every: 2000
  })

const key = (input: string | undefined, name: string, ctrl = false) =>
  Keys.nameOf({
    input: Option.fromUndefinedOr(input),
    key: { name, ctrl, meta: false, shift: false }
  })

describe("a key", () => {
  it("has the name of its character, or of its place on the keyboard", () => {
    assert.deepStrictEqual(
      [
        key("?", ""),
        key("G", "g"),
        key(undefined, "up"),
        key("\r", "return"),
        key("\u0003", "c", true)
      ],
      ["?", "G", "up", "return", "ctrl-c"]
    )
  })

  it("opens a page, and escape goes back as far as there is a page", () => {
    const there = press(state(80, 24), "l", "w", "w", "d")

    const kinds = [there, press(there, "escape"), press(there, "escape", "escape", "escape")]
      .map(({ page }) => page.kind)
    assert.deepStrictEqual(kinds, ["database", "workers", "overview"])
    assert.strictEqual(press(there, ...Array(9).fill("escape")).page.kind, "overview")
  })

  it("without a meaning changes nothing", () => {
    const from = state(80, 24)

    assert.strictEqual(press(from, "x", "", "ctrl-x", "f12"), from)
  })

  it("moves the choice, which stays with its thing when others come and go", () => {
    const from = state(80, 24, { ...overview, workers: [], database: null })
    const problems = Verdict.of(from.figures!.overview).problems.length
    const email = press(from, ...Array(problems + 1).fill("j"))
    const isGood = {
      ...overview,
      database: null,
      workers: [],
      queues: [queue("archive"), queue("books"), queue("email")]
    }

    assert.strictEqual(chosen(email), "queue email")
    assert.strictEqual(chosen(seen(email, isGood)), "queue email")
    assert.strictEqual(chosen(seen(email, { ...isGood, queues: [queue("x")] })), "queue x")
    assert.isUndefined(chosen(seen(email, { ...isGood, queues: [] })))
    assert.strictEqual(chosen(press(from, "k", "up")), Pages.items(from)[0]?.id)
    assert.strictEqual(chosen(press(email, "G", "j", "j")), Pages.items(from).at(-1)?.id)
  })

  it("asks why of the chosen problem, queue or lane", () => {
    const from = state(80, 24, { ...overview, workers: [] })
    const pages = Pages.items(from).map((item, place) => {
      const asked = press({ ...from, chosen: { id: item.id, place } }, "y")
      return [item.id.split(" ")[0], asked.page.kind]
    })

    assert.includeDeepMembers(pages, [["problem", "why"], ["queue", "why"]])
    assert.isEmpty(pages.filter(([, kind]) => kind !== "why"))
    const of = press(state(80, 24), "G", "k", "k", "k", "enter", "y")
    assert.deepInclude(of.page, { kind: "why", of: { kind: "queue", queue: "メール🎉" } })
  })

  it("stops the frames and lets them go on, quits, and asks for all lines again", () => {
    const from = state(80, 24)

    assert.isTrue(press(from, "p").isStopped)
    assert.isFalse(press(from, "p", "p").isStopped)
    assert.deepStrictEqual([press(from, "q").end, press(from, "ctrl-c").end], [0, 130])
    assert.isAbove(press(from, "ctrl-l").repaints, from.repaints)
  })
})

describe("the looks", () => {
  it("take no more than a twentieth of the time, and wait no longer than a minute for it", () => {
    assert.deepStrictEqual(
      [[2000, 10], [2000, 100], [2000, 101], [2000, 9000], [300_000, 9000]]
        .map(([interval = 0, cost = 0]) => Looks.delay(interval, cost)),
      [2000, 2000, 2020, 60_000, 300_000]
    )
  })
})
