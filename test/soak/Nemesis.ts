/**
 * The faults of a soak. Each kind has a rhythm of its own, so that faults overlap.
 */
import { Effect } from "effect"
import { ask } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import { counted, quota } from "./Quotas.ts"
import { stop } from "./Stop.ts"
import { childrenOf, signal, type Worker } from "./WorkerProcesses.ts"
import type { World } from "./World.ts"

/** Injects faults until `isOver`, and ends when every fault has ended. */
export const run = (options: {
  readonly world: World
  readonly dice: Dice
  readonly pace: number
  /**
   * How long the faults are meant to last. At the end of that time each must have reached its
   * quota.
   */
  readonly seconds: number
  readonly isOver: () => boolean
}): Effect.Effect<void> => {
  const end = Ledger.now() + options.seconds * 1000
  return Effect.forEach(faults, ({ every, fault, name }, index) => {
    let round = 0
    const tracks = faults.filter((other) => other.name === name).length
    let lasted = 0
    const next = Effect.gen(function*() {
      // Each round has dice of its own, so that no round changes the throws of the next one.
      const dice = options.dice.for(`${name} ${index} ${round++}`)
      const owed = quota(name, options.seconds) ?? 0
      const left = owed - counted(options.world.faults, name)
      const due = hurry * (end - Ledger.now()) * tracks / left - lasted
      const mean = left > 0 ? Math.min(every, Math.max(due, 50)) : every
      // The wait is cut into slices, so that the end of the faults does not wait for the next
      // fault.
      let wait = dice.gap(mean / options.pace)
      while (wait > 0 && !options.isOver()) {
        yield* Effect.sleep(Math.min(wait, 250))
        wait -= 250
      }
      const from = Ledger.now()
      if (!options.isOver()) yield* fault(options.world, dice)
      lasted = Ledger.now() - from
    })
    return Effect.repeat(next, { while: () => !options.isOver() })
  }, { concurrency: "unbounded", discard: true })
}

/** The plan reaches quotas a little early, because chance and busy victims delay some faults. */
const hurry = 0.8

const fault = ({ count, write }: World, name: string, detail: string | number): void => {
  count(name)
  write({ what: "fault", at: Ledger.now(), fault: name, detail: String(detail) })
}

const kill = ({ write }: World, pid: number, isSupervised: boolean): void => {
  write({ what: "kill", at: Ledger.now(), pid, isSupervised })
  signal(pid, "SIGKILL")
}

const isAlone = ({ place }: Worker) => place.processes === undefined

/**
 * A process to harm: one of a supervisor's children, or the process of another worker. A frozen
 * child is left out until its freeze ends.
 */
const someone = ({ crew, frozen }: World, dice: Dice) => {
  const worker = crew.pick(dice, () => true)
  if (worker === undefined) return undefined
  const children = childrenOf(worker.pid).filter((pid) => !frozen.has(pid))
  const pid = isAlone(worker) ? worker.pid : dice.pick(children)
  return pid === undefined ? undefined : { pid, isAlone: isAlone(worker), worker }
}

const killWorker = (world: World, dice: Dice) =>
  Effect.sync(() => {
    const target = someone(world, dice)
    if (target === undefined) return
    if (target.isAlone) target.worker.isTaken = true
    fault(
      world,
      target.isAlone ? "worker kill -9, alone" : "worker kill -9, supervised",
      target.pid
    )
    kill(world, target.pid, !target.isAlone)
  })

const killSupervisor = (world: World, dice: Dice) =>
  Effect.sync(() => {
    const worker = world.crew.pick(dice, ({ processes }) => processes !== undefined)
    if (worker === undefined) return
    worker.isTaken = true
    fault(world, "supervisor kill -9", worker.pid)
    kill(world, worker.pid, false)
  })

const freeze = (isLong: boolean) => (world: World, dice: Dice) =>
  Effect.suspend(() => {
    const target = someone(world, dice)
    if (target === undefined) return Effect.void
    world.frozen.add(target.pid)
    const millis = isLong
      ? world.leaseMillis + dice.between(1000, 5000)
      : dice.between(100, 2500)
    // Signals to a frozen process wait until it wakes, so no other fault may pick an unsupervised
    // worker meanwhile.
    if (target.isAlone) target.worker.isTaken = true
    fault(world, isLong ? "SIGSTOP beyond the lease" : "SIGSTOP", target.pid)
    world.write({ what: "pause", at: Ledger.now(), pid: target.pid })
    signal(target.pid, "SIGSTOP")
    return Effect.ensuring(
      Effect.sleep(millis),
      Effect.sync(() => {
        // The parent may have killed the frozen process, which did not receive the request to stop.
        const isThere = signal(target.pid, "SIGCONT")
        world.frozen.delete(target.pid)
        world.write({ what: isThere ? "resume" : "gone", at: Ledger.now(), pid: target.pid })
        if (target.isAlone) target.worker.isTaken = false
      })
    )
  })

const killBackends = (world: World, dice: Dice) => {
  const most = dice.chance(0.1) ? 1000 : dice.between(1, 5)
  return ask(world.server.url, (sql) =>
    sql<{ killed: number }>`
      SELECT count(pg_terminate_backend(pid))::integer AS killed FROM (
        SELECT pid FROM pg_stat_activity
        WHERE application_name LIKE 'pgq%' OR application_name = 'soak producer'
        ORDER BY random() LIMIT ${most}
      ) AS victims
    `).pipe(Effect.map(([row]) => world.count("backend kill", row?.killed)))
}

const crash = (world: World, dice: Dice) =>
  Effect.suspend(() => {
    const name = dice.pick(["SIGKILL", "SIGQUIT"] as const) ?? "SIGKILL"
    fault(world, name === "SIGKILL" ? "server crash, kill -9" : "server crash, immediate stop", "")
    return world.server.crash(name)
  })

const crashBouncer = (world: World) =>
  Effect.suspend(() => {
    if (world.bouncer === undefined) return Effect.void
    fault(world, "PgBouncer crash, kill -9", "")
    return world.bouncer.crash
  })

const failover = (isSynchronous: boolean) => (world: World, dice: Dice) =>
  Effect.gen(function*() {
    const forgotten = yield* world.server.failover(isSynchronous, dice.between(500, 1500))
    fault(world, `failover, ${isSynchronous ? "synchronous" : "asynchronous"}`, "")
    if (forgotten !== undefined) world.write({ what: "rewind", at: Ledger.now(), ...forgotten })
  })

const cut = (world: World, dice: Dice) =>
  Effect.suspend(() => {
    fault(world, "TCP cut", "")
    return dice.pick(world.proxies)?.cut ?? Effect.void
  })

/** Cuts connections in the middle of a message, some of them within the answer to a claim. */
export const tear = (millis: number) => (world: World, shared: Dice) =>
  Effect.forEach(world.proxies, (proxy, index) =>
    Effect.gen(function*() {
      const dice = shared.for(String(index))
      const end = Ledger.now() + millis
      while (Ledger.now() < end) {
        const side = dice.chance(0.8) ? "fromServer" : "fromClient"
        fault(world, "TCP cut within a message", side)
        // A connection carries a few hundred bytes for its sign-in, and then its answers.
        yield* proxy.cutAfter({ [side]: dice.between(1, 6000) })
        if (dice.chance(0.5)) yield* proxy.cut
        yield* Effect.sleep(dice.between(100, 600))
      }
      yield* proxy.cutAfter({})
      yield* proxy.cut
    }), { concurrency: "unbounded", discard: true })

const refuse = (world: World, dice: Dice) =>
  Effect.gen(function*() {
    const proxy = dice.pick(world.proxies)
    if (proxy === undefined) return
    fault(world, "connections refused", "")
    yield* proxy.refuse
    yield* proxy.cut
    yield* Effect.sleep(dice.between(200, 3000))
    yield* proxy.accept
  })

const blackhole = (isLong: boolean) => (world: World, dice: Dice) =>
  Effect.gen(function*() {
    const proxy = dice.pick(isLong ? world.proxies.slice(0, 2) : world.proxies)
    if (proxy === undefined) return
    const millis = isLong ? world.leaseMillis + dice.between(6000, 10_000) : dice.between(300, 6000)
    fault(world, isLong ? "TCP blackhole beyond the lease" : "TCP blackhole", millis)
    yield* proxy.blackhole
    yield* Effect.sleep(millis)
    yield* proxy.heal
  })

/**
 * The signals of patient and impatient operators. The last signal of `exit` ends the process at
 * once.
 */
const sequences: Readonly<Record<string, ReadonlyArray<NodeJS.Signals>>> = {
  finish: ["SIGINT"],
  cancel: ["SIGTERM"],
  "drain, then finish": ["SIGHUP", "SIGINT"],
  "finish, then cancel": ["SIGINT", "SIGTERM"],
  exit: ["SIGINT", "SIGTERM", "SIGTERM"]
}

const signals = (world: World, dice: Dice) =>
  Effect.suspend(() => {
    const worker = world.crew.pick(dice, () => true)
    if (worker === undefined) return Effect.void
    const name = dice.pick(Object.keys(sequences)) ?? "finish"
    fault(world, "signals", `${worker.pid} ${name}`)
    return stop({ ...world, worker, sequence: sequences[name] ?? [], dice, isPeace: false })
  })

/**
 * `every` is the mean time between two faults of a kind, in milliseconds, unless the quota asks for
 * more faults.
 */
const faults: ReadonlyArray<{
  readonly name: string
  readonly every: number
  readonly fault: (world: World, dice: Dice) => Effect.Effect<unknown>
}> = [
  { name: "worker kill -9", every: 2000, fault: killWorker },
  { name: "supervisor kill -9", every: 20_000, fault: killSupervisor },
  { name: "SIGSTOP beyond the lease", every: 20_000, fault: freeze(true) },
  { name: "SIGSTOP beyond the lease", every: 20_000, fault: freeze(true) },
  { name: "SIGSTOP", every: 3000, fault: freeze(false) },
  { name: "backend kill", every: 900, fault: killBackends },
  { name: "server crash", every: 40_000, fault: crash },
  { name: "PgBouncer crash", every: 20_000, fault: crashBouncer },
  { name: "failover, synchronous", every: 60_000, fault: failover(true) },
  { name: "failover, asynchronous", every: 60_000, fault: failover(false) },
  { name: "TCP cut", every: 4000, fault: cut },
  { name: "TCP cut within a message", every: 15_000, fault: tear(1500) },
  { name: "connections refused", every: 15_000, fault: refuse },
  { name: "TCP blackhole", every: 20_000, fault: blackhole(false) },
  { name: "TCP blackhole beyond the lease", every: 40_000, fault: blackhole(true) },
  { name: "signals", every: 2500, fault: signals },
  { name: "signals", every: 2500, fault: signals },
  { name: "signals", every: 2500, fault: signals },
  { name: "signals", every: 2500, fault: signals }
]
