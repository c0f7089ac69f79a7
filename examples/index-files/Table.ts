/**
 * The result, for people: a row a folder, their sum, and how fast it went.
 */
import type { FolderReport } from "./Journal.ts"

export const format = (
  reports: ReadonlyArray<FolderReport>,
  { jobs, seconds }: { readonly jobs: number; readonly seconds: number }
): string => {
  const total = (count: (report: FolderReport) => number) =>
    reports.reduce((sum, report) => sum + count(report), 0)
  const verified = reports.filter(({ orderIssue }) => orderIssue === undefined).length
  const rows = [
    ["folder", "files", "lines", "words", "bytes", "imports", "copies", "order"],
    ...reports.toSorted((a, b) => b.bytes - a.bytes).map((report) => [
      report.folder,
      ...[report.files, report.lines, report.words, report.bytes, report.imports, report.copies]
        .map(grouped),
      report.orderIssue ?? "verified"
    ]),
    [
      "total",
      grouped(total(({ files }) => files)),
      grouped(total(({ lines }) => lines)),
      grouped(total(({ words }) => words)),
      grouped(total(({ bytes }) => bytes)),
      "",
      "",
      `${verified} of ${reports.length} verified`
    ]
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const last = widths.length - 1
  const lines = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 || column === last
        ? cell.padEnd(widths[column]!)
        : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  )
  const speed = `${grouped(jobs)} jobs in ${seconds.toFixed(2)} s: ${
    grouped(Math.round(jobs / seconds))
  } jobs per second`
  return [...lines.slice(0, -1), "", lines.at(-1), speed, ""].join("\n")
}

/** What happened at each stop of the tour: a line each. */
export const ofStops = (stops: ReadonlyArray<ReadonlyArray<string>>): string => {
  const width = Math.max(...stops.map(([name = ""]) => name.length))
  return stops.map(([name = "", what = ""]) => `${name.padEnd(width)}  ${what}\n`).join("")
}

const grouped = (count: number): string => count.toLocaleString("en-US")
