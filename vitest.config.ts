import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import * as Needs from "./test/support/Needs.ts"

// The reporter of vitest 5 prints failures with it, and Node 20 does not have it yet.
Object.assign(Map, {
  groupBy: <A, K>(items: Iterable<A>, keyOf: (item: A) => K): Map<K, Array<A>> => {
    const groups = new Map<K, Array<A>>()
    for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
    return groups
  }
})

const unit = [...Needs.unitTests()]

const isLong = ({ moduleId }: TestSpecification): boolean =>
  /\/test\/(?:model|properties|cli|package)\//.test(moduleId)

/** The folders with the longest files go first: at the end such a file would run alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a method of Vitest's
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    pool: "forks",
    // Tests wait for processes and timers, so one file more than there are cores runs at a time. A test
    // file has up to 30 connections to the one server, which takes 200.
    maxWorkers: Math.min(availableParallelism() + 1, 6),
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      // These share their process: to load Effect for each anew takes longer than they do.
      { extends: true, test: { name: "unit", include: unit, isolate: false } },
      {
        extends: true,
        test: {
          name: "server",
          include: ["test/**/*.test.ts"],
          exclude: [...unit, "**/node_modules/**"],
          globalSetup: ["test/support/globalSetup.ts"]
        }
      }
    ]
  }
})
