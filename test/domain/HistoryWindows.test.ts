import { assert, describe, it } from "@effect/vitest"
import * as HistoryWindows from "../../src/domain/HistoryWindows.ts"

const day = 86_400_000
const today = 20_000 * day

const partition = (table: number, day: number | null, pages: number) => ({
  table,
  parent: "completed_jobs",
  day,
  pages
})

const every = { from: undefined, to: undefined }

const all = [
  partition(1, today - day, 100),
  partition(2, today, 3000),
  partition(3, today - 2 * day, 0),
  partition(4, null, 10),
  partition(5, today, 1)
]

const shape = (windows: ReadonlyArray<HistoryWindows.Window>) =>
  windows.map(({ end, first, partition }) => [partition.table, first, end.page])

const tables = (times: Parameters<typeof HistoryWindows.inOrder>[1]) =>
  HistoryWindows.inOrder(all, times).map(({ table }) => table)

describe("the windows of the history", () => {
  it("come from the newest day on, and leave out what is empty or of other times", () => {
    assert.deepStrictEqual(tables(every), [4, 5, 2, 1])
    assert.deepStrictEqual(tables({ from: today, to: undefined }), [4, 5, 2])
    assert.deepStrictEqual(tables({ from: undefined, to: today - 1 }), [4, 1])
  })

  it("grow, and stop at a number of pages", () => {
    const windows = HistoryWindows.windows(HistoryWindows.inOrder(all, every), undefined)
    assert.deepStrictEqual(shape(windows), [[4, 0, 10], [5, 0, 1], [2, 1976, 3000], [
      2,
      1040,
      1976
    ]])
    const last = windows.at(-1)?.next
    assert.deepStrictEqual(last, { table: 2, day: today, page: 1040, row: 0 })
  })

  it("go on from each place to the end, with every page once", () => {
    const partitions = HistoryWindows.inOrder(all, every)
    const seen: Array<readonly [number, number]> = []
    let place: HistoryWindows.Place | undefined
    do {
      for (
        const { end, first, next, partition: { table } } of HistoryWindows.windows(
          partitions,
          place
        )
      ) {
        for (let page = end.page - 1; page >= first; page--) seen.push([table, page])
        place = next
      }
    } while (place !== undefined)
    assert.deepStrictEqual(
      seen,
      partitions.flatMap(({ pages, table }) =>
        Array.from({ length: pages }, (_, n) => [table, pages - 1 - n] as const)
      )
    )
  })

  it("look again at the page of a row, and go on where a table has been dropped", () => {
    const partitions = HistoryWindows.inOrder(all, every)
    const from = { table: 1, day: today - day, page: 0, row: 3 }
    assert.deepStrictEqual(shape(HistoryWindows.windows(partitions, from)), [[1, 0, 0]])
    const dropped = { table: 9, day: today - day, page: 7, row: 3 }
    assert.deepStrictEqual(shape(HistoryWindows.windows(partitions, dropped)), [[1, 36, 100], [
      1,
      0,
      36
    ]])
  })

  it("of days without a table have the times between the tables", () => {
    assert.deepStrictEqual(HistoryWindows.timesOf(partition(2, today, 1), all), [
      [today, today + day]
    ])
    const gap = [partition(1, today, 1), partition(2, today + 2 * day, 1), partition(4, null, 1)]
    assert.deepStrictEqual(HistoryWindows.timesOf(gap[2]!, gap), [
      [-Infinity, today],
      [today + day, today + 2 * day],
      [today + 3 * day, Infinity]
    ])
  })
})
