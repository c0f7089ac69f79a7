/**
 * The cells of the matrix of versions, and the results of each cell.
 */
import { existsSync, readFileSync } from "node:fs"

export interface Cell {
  readonly postgres: string
  readonly node: string
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface Result extends Cell, Counts {
  readonly minutes: number
}

/**
 * The cells of the wanted versions, or of all versions. If a wanted version is not installed, a
 * text that names it.
 */
export const chosen = (
  packages: ReadonlyArray<string>,
  wanted: { readonly postgres?: ReadonlyArray<string>; readonly node?: ReadonlyArray<string> }
): ReadonlyArray<Cell> | string => {
  const versions = (kind: "postgres" | "node") =>
    packages.filter((name) => name.startsWith(`${kind}-`)).map((name) => name.split("-")[1]!)
  for (const kind of ["postgres", "node"] as const) {
    const missing = wanted[kind]?.find((version) => !versions(kind).includes(version))
    if (missing !== undefined) {
      return `there is no ${kind} ${missing}; there are: ${versions(kind).join(", ")}`
    }
  }
  return (wanted.postgres ?? versions("postgres")).flatMap((postgres) =>
    (wanted.node ?? versions("node")).map((node) => ({ postgres, node }))
  )
}

/**
 * The paths of tests to run in a cell: those that depend on both versions in each cell, those that
 * depend on PostgreSQL alone once for each PostgreSQL, and those that depend on Node alone once for
 * each Node.
 */
export const pathsOf = (
  { node, postgres }: Cell,
  cells: ReadonlyArray<Cell>,
  { ofNode, ofPostgres }: Record<"ofNode" | "ofPostgres", ReadonlyArray<string>>
): ReadonlyArray<string> => {
  const isFirstNode = cells.find((cell) => cell.postgres === postgres)?.node === node
  const isFirstPostgres = cells.find((cell) => cell.node === node)?.postgres === postgres
  return Array.from(
    new Set([
      ...ofPostgres.filter((path) => isFirstNode || isIn(ofNode)(path)),
      ...ofNode.filter((path) => isFirstPostgres || isIn(ofPostgres)(path))
    ])
  )
}

const isIn = (paths: ReadonlyArray<string>) => (path: string): boolean =>
  paths.some((folder) => path === folder || path.startsWith(`${folder}/`))

/** Counts a run without a report as a failure, and likewise a file that could not be loaded. */
export const count = (report: string): Counts => {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 }
  const { testResults }: Report = JSON.parse(readFileSync(report, "utf8"))
  const statuses = testResults.flatMap(({ assertionResults, status }) =>
    status === "failed" && assertionResults.every((test) => test.status !== "failed")
      ? [...assertionResults.map((test) => test.status), "failed"]
      : assertionResults.map((test) => test.status)
  )
  const of = (...names: ReadonlyArray<string>) =>
    statuses.filter((status) => names.includes(status)).length
  return {
    passed: of("passed"),
    failed: of("failed"),
    skipped: statuses.length - of("passed", "failed")
  }
}

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>
  }>
}

/** A cell without a single passed test is not a success. */
export const isSound = ({ failed, passed }: Counts): boolean => failed === 0 && passed > 0

export const table = (results: ReadonlyArray<Result>): string =>
  [
    "| PostgreSQL | Node | passed | failed | skipped | minutes |",
    "| --- | --- | --- | --- | --- | --- |",
    ...results.map(({ failed, minutes, node, passed, postgres, skipped }) =>
      `| ${[postgres, node, passed, failed, skipped, minutes.toFixed(1)].join(" | ")} |`
    )
  ].join("\n")
