/**
 * The judgement of the probes from the facts about a worker.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ListenAddress from "../../src/domain/ListenAddress.ts"
import { ofProcesses, ofStart, ofWorker, probes, stillMax } from "../../src/domain/Probe.ts"
import type { WorkerHealth } from "../../src/domain/WorkerHealth.ts"

const well: WorkerHealth = {
  hasClaimed: true,
  stopping: undefined,
  hasEnded: false,
  isTrusted: true,
  renewedAgo: 3000,
  answeredAgo: 100,
  silenceMax: 15_000,
  turnedAgo: 2000,
  waitsFor: "work"
}

const stuck = { waitsFor: undefined, turnedAgo: stillMax } as const

const cases: ReadonlyArray<
  readonly [what: string, change: Partial<WorkerHealth>, failing: ReadonlyArray<string>]
> = [
  ["is well", {}, []],
  ["has had no answer to its first claim", { hasClaimed: false }, ["startup"]],
  ["stops", { stopping: "finish" }, ["ready"]],
  ["has ended", { hasEnded: true, ...stuck }, ["ready"]],
  ["may have lost its leases", { isTrusted: false }, ["ready"]],
  ["never renewed", { isTrusted: false, renewedAgo: Infinity }, ["ready"]],
  ["hears nothing from the database", { answeredAgo: 15_000 }, ["ready"]],
  ["has waited for the database for an hour", {
    waitsFor: "store",
    answeredAgo: 3_600_000,
    turnedAgo: 3_600_000
  }, ["ready"]],
  ["has waited for work for an hour", { turnedAgo: 3_600_000 }, []],
  ["has a loop that is at work", { waitsFor: undefined, turnedAgo: stillMax - 1 }, []],
  ["has a loop that neither goes on nor waits", stuck, ["live"]]
]

describe("a worker that", () => {
  it.each(cases)("%s fails no other probe than it should", (_, change, failing) => {
    const health = { ...well, ...change }
    assert.deepStrictEqual(
      probes.filter((probe) => ofWorker(probe, health).status === "failing"),
      failing
    )
    for (const { checks } of probes.map((probe) => ofWorker(probe, health))) {
      assert.deepStrictEqual(JSON.parse(JSON.stringify(checks)), checks)
    }
  })
})

describe("a process that starts", () => {
  it.each(["schema", "handlers", "worker"] as const)("lives, and is not ready: %s", (step) => {
    assert.deepStrictEqual(
      probes.map((probe) => ofStart(probe, step).status),
      ["failing", "failing", "ok"]
    )
  })
})

const ready = (...processes: Parameters<typeof ofProcesses>[1]) => ofProcesses("ready", processes)

describe("a supervisor", () => {
  const report = ofWorker("ready", well)
  const bad = ofWorker("ready", { ...well, stopping: "finish" })

  it("is ready if one of its processes is, and tells how the others are", () => {
    assert.deepStrictEqual(
      ready(
        { process: "process 1", report: bad, answeredAgo: 10 },
        { process: "process 2", report, answeredAgo: 14_999 }
      ),
      {
        status: "ok",
        checks: [
          { name: "process 1", ok: false, detail: "stops: finish", age: 0.01 },
          { name: "process 2", ok: true, detail: "ok", age: 14.999 }
        ]
      }
    )
  })

  it("is not ready without an answer, and lives", () => {
    const silent = { process: "process 1", report, answeredAgo: 15_000 }
    const unheard = { process: "process 2", report: undefined, answeredAgo: Infinity }
    assert.deepStrictEqual(ready(silent, unheard).checks.map(({ detail }) => detail), [
      "does not answer",
      "does not answer"
    ])
    assert.strictEqual(ready(silent, unheard).status, "failing")
    assert.strictEqual(ready().status, "failing")
    assert.strictEqual(ofProcesses("live", [silent]).status, "ok")
  })
})

describe("an address to listen on", () => {
  it.each(["127.0.0.1:7471", "[::1]:7471", "localhost:0", "unix:/run/a b.sock"])(
    "%s is read, and written the same",
    (text) => {
      const address = ListenAddress.parse(text)
      assert.strictEqual(address._tag === "Some" ? ListenAddress.format(address.value) : "", text)
    }
  )

  it.each([
    "7471",
    ":7471",
    "::1:7471",
    "localhost:70000",
    "localhost:",
    "unix:",
    "unix:a\nb",
    "",
    "a b:1"
  ])(
    "%s is none",
    (text) => assert.strictEqual(ListenAddress.parse(text)._tag, "None")
  )
})
