/**
 * The frames of `pgq top`, without a terminal. Those in `frames` are as a person sees them; `-u`
 * writes them anew.
 */
import { assert, describe, expect, it } from "@effect/vitest"
import * as Cells from "../../../src/cli/Cells.ts"
import * as Frame from "../../../src/cli/top/Frame.ts"
import * as Keys from "../../../src/cli/top/Keys.ts"
import * as Paint from "../../../src/cli/top/Paint.ts"
import * as TopState from "../../../src/cli/top/TopState.ts"
import { lanes, overview, queue, state, worker } from "./SomeFigures.ts"

const sizes = [[80, 24], [120, 40], [40, 12]] as const

const press = (from: TopState.State, ...keys: ReadonlyArray<string>) =>
  keys.reduce(Keys.press, from)

const looked = (from: TopState.State, detail: Omit<TopState.Detail, "page">) =>
  TopState.looked(from, {
    figures: undefined,
    detail: { page: from.page, ...detail },
    every: from.every
  })

const text = (of: TopState.State) => Frame.of(of).map(({ text }) => text)

const paint = (of: TopState.State) => Frame.of(of).map((line) => Paint.line(line, true))

/** The sequences that a terminal obeys begin with it. */
const esc = "\u001B"

/** Each page with its figures. */
const pages = (from: TopState.State): Readonly<Record<string, TopState.State>> => ({
  overview: from,
  lanes: looked(press(from, "l"), { lanes }),
  workers: press(from, "w", "j"),
  database: press(from, "d"),
  help: press(from, "?"),
  queue: looked(press(from, "g", "j", "j", "enter"), { lanes }),
  why: looked(press(from, "y"), {
    why: {
      verdict: "waits",
      reasons: [{
        code: "workers-busy",
        detail: "all 20 slots of the 1 live worker of queue email are taken, the oldest run is " +
          "job 71, charge-card\u001B[31m",
        since: new Date("2030-01-31T03:04:07Z"),
        until: undefined,
        job: undefined,
        advice: "pgq start --queue email, or wait"
      }]
    }
  })
})

describe("a frame", () => {
  it.each(
    sizes.flatMap(([columns, rows]) =>
      Object.keys(pages(state(columns, rows))).map((page) => ({ page, columns, rows }))
    )
  )("of $page at $columns × $rows is as it was", async ({ columns, page, rows }) => {
    const lines = text(pages(state(columns, rows))[page]!)

    await expect(`${lines.map((line) => line.trimEnd()).join("\n")}\n`)
      .toMatchFileSnapshot(`./frames/${page}-${columns}x${rows}.txt`)
  })

  it("has the screen's rows, none as wide as the screen, at any size", () => {
    for (const columns of [1, 2, 9, 17, 40, 79, 80, 81, 200]) {
      for (const rows of [1, 2, 3, 5, 8, 12, 24, 50]) {
        for (const page of Object.values(pages(state(columns, rows)))) {
          for (const shown of [page, TopState.missed(page, "no route", 99_500)]) {
            const lines = text(shown)
            assert.strictEqual(lines.length, rows)
            const wide = lines.filter((line) => Cells.width(line) > columns - 1)
            assert.deepStrictEqual(wide, [], `${shown.page.kind} at ${columns} × ${rows}`)
          }
        }
      }
    }
  })

  it("has no character that a terminal obeys", () => {
    for (const page of Object.values(pages(state(200, 50)))) {
      assert.notMatch(text(page).join(""), /[\p{Cc}\p{Cf}]/u)
    }
  })

  it("shows the last figures and their age while the database does not answer", () => {
    const now = 160_000
    const from = { ...TopState.missed(state(120, 24), "ECONNREFUSED", 100_000), now }
    const again = { ...TopState.missed(from, "ECONNREFUSED", 130_000), now: 170_000 }
    const [head = "", line] = text(again)

    assert.match(head, / 03:15:18 UTC  every 2s  71s old  READ-ONLY$/)
    assert.strictEqual(
      line,
      "NO ANSWER for 1m 10s; the figures are 1m 11s old; trying again: ECONNREFUSED"
    )
    assert.include(text(again).join("\n"), "email is 4m 10s behind")
    const back = TopState.looked(again, {
      figures: { ...again.figures!, at: 170_000 },
      detail: undefined,
      every: 2000
    })
    assert.notInclude(text(back).join("\n"), "NO ANSWER")
  })

  it("keeps the chosen row in view among more rows than fit", () => {
    const queues = Array.from({ length: 90 }, (_, n) => queue(`q${String(n).padStart(2, "0")}`))
    const many = state(80, 24, { ...overview, queues, workers: [worker(811)], blockedLanes: [] })
    const last = press(many, "G", "k")
    const middle = press(many, ..."j".repeat(50))

    assert.isTrue(text(last).some((line) => line.startsWith("> q89 ")), text(last).join("\n"))
    assert.strictEqual(text(middle).filter((line) => line.startsWith("> q")).length, 1)
    assert.match(text(middle).join("\n"), /^ {2}… \d+ more$/m)
    assert.include(text(last).join("\n"), "app-1:811")
  })

  it("is written once: an unchanged frame has no bytes, and a changed line has its own", () => {
    const first = paint(state(80, 24))
    const later = paint({ ...state(80, 24), now: 101_000 })

    assert.strictEqual(Paint.changes(first, paint(state(80, 24))), "")
    assert.strictEqual(Paint.changes(first, later), `${esc}[1;1H${later[0]}${esc}[K`)
    assert.isBelow(Paint.changes(first, later).length, 100)
    assert.strictEqual(Paint.changes(undefined, first).split(`${esc}[K`).length, 25)
  })

  it("has no colour where none is wanted", () => {
    const lines = Frame.of(state(80, 24)).map((line) => Paint.line(line, false))

    const styles = lines.join("").split(`${esc}[`).slice(1).map((text) => text.split("m")[0])
    assert.deepStrictEqual([...new Set(styles)].toSorted(), ["0", "1", "2", "7"])
    assert.isTrue(lines.some((line) => line.startsWith(`${esc}[7m> `)))
  })
})
