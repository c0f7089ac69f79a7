/**
 * The faults of a soak that harm the server, and the connections to it.
 */
import { Effect } from "effect"
import { ask } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import { happened, type World } from "./World.ts"

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
    const how = name === "SIGKILL" ? "kill -9" : "immediate stop"
    happened(world, `server crash, ${how}`, "")
    return world.server.crash(name)
  })

const crashBouncer = (world: World) =>
  Effect.suspend(() => {
    if (world.bouncer === undefined) return Effect.void
    happened(world, "PgBouncer crash, kill -9", "")
    return world.bouncer.crash
  })

const failover = (isSynchronous: boolean) => (world: World, dice: Dice) =>
  Effect.gen(function*() {
    const forgotten = yield* world.server.failover(isSynchronous, dice.between(500, 1500))
    happened(world, `failover, ${isSynchronous ? "synchronous" : "asynchronous"}`, "")
    if (forgotten !== undefined) world.write({ what: "rewind", at: Ledger.now(), ...forgotten })
  })

const cut = (world: World, dice: Dice) =>
  Effect.suspend(() => {
    happened(world, "TCP cut", "")
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
        happened(world, "TCP cut within a message", side)
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
    happened(world, "connections refused", "")
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
    happened(world, isLong ? "TCP blackhole beyond the lease" : "TCP blackhole", millis)
    yield* proxy.blackhole
    yield* Effect.sleep(millis)
    yield* proxy.heal
  })

/** As with the faults of workers, `every` is a mean time in milliseconds. */
export const serverFaults: ReadonlyArray<{
  readonly name: string
  readonly every: number
  readonly fault: (world: World, dice: Dice) => Effect.Effect<unknown>
}> = [
  { name: "backend kill", every: 900, fault: killBackends },
  { name: "server crash", every: 40_000, fault: crash },
  { name: "PgBouncer crash", every: 20_000, fault: crashBouncer },
  { name: "failover, synchronous", every: 60_000, fault: failover(true) },
  { name: "failover, asynchronous", every: 60_000, fault: failover(false) },
  { name: "TCP cut", every: 4000, fault: cut },
  { name: "TCP cut within a message", every: 15_000, fault: tear(1500) },
  { name: "connections refused", every: 15_000, fault: refuse },
  { name: "TCP blackhole", every: 20_000, fault: blackhole(false) },
  { name: "TCP blackhole beyond the lease", every: 40_000, fault: blackhole(true) }
]
