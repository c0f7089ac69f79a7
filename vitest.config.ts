import { defineConfig } from "vitest/config"

// The reporter of vitest 5 prints failures with it, and Node 20 does not have it yet.
Object.assign(Map, {
  groupBy: <A, K>(items: Iterable<A>, keyOf: (item: A) => K): Map<K, Array<A>> => {
    const groups = new Map<K, Array<A>>()
    for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
    return groups
  }
})

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/globalSetup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000
  }
})
