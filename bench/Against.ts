/**
 * Compares this checkout with another commit of pgq: both measure the scenarios of this checkout by
 * turns, because one machine differs by a tenth from hour to hour.
 */
import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { note } from "./Measurement.ts"
import { shown, shownRatio } from "./Shown.ts"
import * as Table from "./Table.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

export interface Options {
  /** What git knows the other commit by. */
  readonly revision: string
  readonly roundCount: number
  /** Flags of `run.ts` that choose scenarios. */
  readonly flags: ReadonlyArray<string>
}

/** Prints a table with the medians of both and their ratios. Answers the exit code. */
export const run = ({ flags, revision, roundCount }: Options): number => {
  const commit = commitOf(revision)
  if (commit === undefined) {
    note(`there is no commit ${revision}`)
    return 2
  }
  // The measurement that runs ends by the signal, too, and then both folders are removed.
  process.once("SIGINT", () => {})
  const place = mkdtempSync(join(tmpdir(), "pgq-against-"))
  const other = join(place, "pgq")
  try {
    checkOut(commit, other)
    const found: Record<Side, Array<ReadonlyArray<Measured>>> = { before: [], now: [] }
    for (let round = 1; round <= roundCount; round++) {
      // The first of a pair may have the warmer machine, so the sides change their places.
      const sides: ReadonlyArray<Side> = round % 2 === 1 ? ["before", "now"] : ["now", "before"]
      for (const side of sides) {
        note(`round ${round} of ${roundCount}: ${side === "now" ? "this checkout" : commit}`)
        found[side].push(measure(side === "now" ? root : other, flags))
      }
    }
    process.stdout.write(`${table(commit, found).join("\n")}\n`)
    return 0
  } finally {
    rmSync(place, { recursive: true, force: true })
    git("worktree", "prune")
  }
}

type Side = "before" | "now"

/** A row of `run.ts --json`. */
interface Measured {
  readonly scenario: string
  readonly unit: string
  readonly better?: "more" | "less"
  readonly figures: { readonly pgq?: number | string }
}

const git = (...args: ReadonlyArray<string>): string =>
  execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
    .trim()

const commitOf = (revision: string): string | undefined => {
  try {
    return git("rev-parse", "--verify", "--short", `${revision}^{commit}`)
  } catch {
    return undefined
  }
}

/** Builds the other commit, and gives it the benchmarks of this checkout. */
const checkOut = (commit: string, path: string): void => {
  git("worktree", "add", "--detach", path, commit)
  if (lockOf(path) === lockOf(root)) {
    symlinkSync(join(root, "node_modules"), join(path, "node_modules"))
  } else execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: path, stdio: "ignore" })
  rmSync(join(path, "bench"), { recursive: true, force: true })
  cpSync(join(root, "bench"), join(path, "bench"), {
    recursive: true,
    filter: (source) => !source.includes("node_modules")
  })
  symlinkSync(join(root, "bench/node_modules"), join(path, "bench/node_modules"))
  execFileSync("npm", ["run", "build"], { cwd: path, stdio: "ignore" })
}

const lockOf = (folder: string): string => readFileSync(join(folder, "package-lock.json"), "utf8")

const measure = (folder: string, flags: ReadonlyArray<string>): ReadonlyArray<Measured> => {
  const args = ["bench/run.ts", "--own", "--json", "--rounds", "1", ...flags]
  const output = execFileSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  return JSON.parse(output).rows
}

const table = (
  commit: string,
  found: Readonly<Record<Side, ReadonlyArray<ReadonlyArray<Measured>>>>
): ReadonlyArray<string> => {
  const rows = found.now[0]!.map(({ better, scenario, unit }, index) => {
    const values = (side: Side) => found[side].map((rows) => Number(rows[index]!.figures.pgq))
    const [before, now] = [Table.median(values("before")), Table.median(values("now"))]
    const goal = better === undefined ? "" : `, ${better} is better`
    return [
      `${scenario} (${unit}${goal})`,
      shown(before),
      shown(now),
      shownRatio(now! / before!),
      values("before").map(shown).join(", "),
      values("now").map(shown).join(", ")
    ]
  })
  const header = ["scenario", commit, "now", `now / ${commit}`, `rounds of ${commit}`, "rounds now"]
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)
}
