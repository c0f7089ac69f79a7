/**
 * One soak, from an empty server to the verdict. Faults happen while jobs run. Then, in peace, all
 * jobs must be done. At the end all workers stop, and nothing may be left.
 */
import { Effect, Fiber } from "effect"
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs"
import { join } from "node:path"
import type { Build } from "./Build.ts"
import * as Burst from "./Burst.ts"
import * as Canceller from "./Canceller.ts"
import * as Database from "./Database.ts"
import * as Dice from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import * as Leftovers from "./Leftovers.ts"
import * as Nemesis from "./Nemesis.ts"
import * as Offerer from "./Offerer.ts"
import * as Operator from "./Operator.ts"
import type { Options } from "./Options.ts"
import * as Peace from "./Peace.ts"
import * as Producer from "./Producer.ts"
import * as Quotas from "./Quotas.ts"
import { tear } from "./ServerFaults.ts"
import { stop } from "./Stop.ts"
import * as Verdict from "./Verdict.ts"
import type { Violation } from "./Violation.ts"
import * as World from "./World.ts"

/** How long the jobs that are left after the faults may take. */
const drainSecondsMax = 120
const producerCount = 12
const offererCount = 8
/** How much longer the faults go on while one of them has not reached its quota. */
const extraSecondsMax = 30
/** How much longer still while one of them is so rare that the soak would prove nothing. */
const slowMachineSecondsMax = 120

export const run = Effect.fnUntraced(function*(
  options: Options,
  { build, folder }: { readonly build: Build; readonly folder: string }
) {
  const violations: Array<Violation> = []
  const faults = new Map<string, number>()
  const world = yield* World.make({
    ...options,
    build,
    folder,
    faults,
    report: (violation) => {
      violations.push(violation)
      say(`VIOLATION ${violation.check}: ${violation.detail}`)
    },
    count: (fault, times = 1) => void faults.set(fault, (faults.get(fault) ?? 0) + times)
  })
  const dice = Dice.make(options.seed)
  // The first burst finds everything cold, so the better of two bursts counts.
  const rateBefore = Math.max(yield* Burst.rate(world), yield* Burst.rate(world))
  const version = yield* Database.version(world.server.url)
  say(`all are at work on PostgreSQL ${version}; ${options.faultSeconds} s of faults`)
  yield* Effect.forkScoped(tellProgress(world, faults))
  yield* trouble(world, options, dice)

  say("peace")
  const from = Ledger.now()
  let isDrained = yield* isDone(world)
  world.write({ what: "fault", at: Ledger.now(), fault: Peace.peace, detail: "" })
  const drainSeconds = (Ledger.now() - from) / 1000
  yield* world.crew.isComplete
  const rateAfter = yield* Peace.isAsFast(world, rateBefore)
  yield* Peace.kill(world)
  isDrained = (yield* isDone(world)) && isDrained
  const evidence = yield* Database.evidence(world.server.url)
  keep(evidence, join(folder, "evidence"))
  yield* Leftovers.deadAreForgotten(world)
  yield* end(world, dice, isDrained)
  yield* Leftovers.check(world)
  violations.push(...Quotas.tooFew(faults, { ...options, seconds: options.faultSeconds }))

  const verdict = Verdict.of({
    world,
    evidence,
    violations,
    faults,
    drainSeconds,
    rates: [rateBefore, rateAfter]
  })
  for (const { check, detail } of verdict.found.slice(0, 30)) say(`VIOLATION ${check}: ${detail}`)
  say(verdict.table)
  for (const quota of Quotas.missing(faults, options.faultSeconds)) {
    say(`short of its quota: ${quota}`)
  }
  return verdict.violations
}, Effect.scoped)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Writes one line for each row, because all rows together may be longer than a string can be. */
const keep = (evidence: Database.Evidence, folder: string): void => {
  mkdirSync(folder)
  for (const [name, rows] of Object.entries(evidence)) {
    const file = openSync(join(folder, `${name}.jsonl`), "w")
    for (const row of rows) writeSync(file, `${JSON.stringify(row)}\n`)
    closeSync(file)
  }
}

/**
 * Adds jobs and injects faults for the time asked for. All producers and faults have ended when it
 * ends.
 */
const trouble = Effect.fnUntraced(function*(
  world: World.World,
  { faultSeconds, pace, rate }: Options,
  dice: Dice.Dice
) {
  let isOver = false
  const producers = yield* Effect.forkScoped(Effect.forEach(
    Array.from({ length: producerCount }, (_, index) => index),
    (index) =>
      Producer.run({
        name: `p${index}`,
        url: index % 2 === 0 ? world.server.url : world.producerUrl,
        isPooled: world.bouncer !== undefined && index % 2 !== 0,
        dice: dice.for(`producer ${index}`),
        rate: rate / producerCount,
        write: world.write,
        isOver: () => isOver,
        number: world.number,
        added: (times) => world.count("jobs added", times)
      }),
    { concurrency: "unbounded", discard: true }
  ))
  const asked = { pace, rate, seconds: faultSeconds }
  const nemesis = yield* Effect.forkScoped(
    Nemesis.run({
      world,
      dice: dice.for("nemesis"),
      pace,
      seconds: faultSeconds,
      isOver: () => isOver
    })
  )
  const canceller = yield* Effect.forkScoped(
    Canceller.run({ world, dice: dice.for("canceller"), rate, isOver: () => isOver })
  )
  const operator = yield* Effect.forkScoped(
    Operator.run({ world, dice: dice.for("operator"), isOver: () => isOver })
  )
  const offerers = yield* Effect.forkScoped(Effect.forEach(
    Array.from({ length: offererCount }, (_, index) => index),
    (index) =>
      Offerer.run({ world, dice: dice.for(`offerer ${index}`), index, isOver: () => isOver }),
    { concurrency: "unbounded", discard: true }
  ))
  yield* Effect.sleep(faultSeconds * 1000)
  yield* goOn(extraSecondsMax, () => Quotas.missing(world.faults, faultSeconds).length > 0)
  yield* goOn(slowMachineSecondsMax, () => Quotas.tooFew(world.faults, asked).length > 0)
  // Claims lose their answers last: the leases that this leaves behind must be found while the
  // workers still live.
  yield* tear(5000)(world, dice.for("tear"))
  isOver = true
  yield* Fiber.join(producers)
  yield* Fiber.join(nemesis)
  yield* Fiber.join(canceller)
  yield* Fiber.join(operator)
  yield* Fiber.join(offerers)
})

/** Lets the faults go on while some of them are missing. */
const goOn = (secondsMax: number, isMissing: () => boolean) =>
  Effect.sleep("500 millis").pipe(
    Effect.repeat({ while: isMissing }),
    Effect.timeoutOption(secondsMax * 1000)
  )

const tellProgress = (world: World.World, faults: ReadonlyMap<string, number>) =>
  Effect.gen(function*() {
    yield* Effect.sleep("10 seconds")
    const left = yield* Burst.unfinished(world.server.url)
    const harm = Array.from(faults.values()).reduce((sum, times) => sum + times, 0)
    say(`${left} jobs unfinished, ${world.crew.starts()} worker starts, ${harm} faults`)
  }).pipe(Effect.forever)

/** Waits until no jobs are left, and reports a violation if that takes too long. */
const isDone = Effect.fnUntraced(function*(world: World.World) {
  const isDrained = yield* Burst.drained(world.server.url, drainSecondsMax)
  if (!isDrained) {
    world.report({ check: "stuck", detail: `not done within ${drainSecondsMax} s` })
  }
  return isDrained
})

/** Asks all workers to stop. The three signals take turns. */
const end = Effect.fnUntraced(function*(world: World.World, dice: Dice.Dice, isPeace: boolean) {
  yield* world.crew.isComplete
  yield* world.crew.close
  yield* Effect.forEach(
    world.crew.workers(),
    (worker, index) => {
      const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const
      return stop({ ...world, worker, dice, sequence: [signals[index % 3] ?? "SIGHUP"], isPeace })
    },
    { concurrency: "unbounded", discard: true }
  )
})
