/**
 * The faults of a soak that harm a worker process: kills, freezes and signals.
 */
import { Effect } from "effect"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import { stop } from "./Stop.ts"
import type { Harm } from "./Turns.ts"
import { childrenOf, signal, type Worker } from "./WorkerProcesses.ts"
import { happened, type World } from "./World.ts"

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

type WorkerFault = (world: World, dice: Dice) => ReturnType<Harm>

const killWorker: WorkerFault = (world, dice) => {
  const target = someone(world, dice)
  if (target === undefined) return undefined
  const { isAlone, pid, worker } = target
  if (isAlone) worker.isTaken = true
  happened(world, isAlone ? "worker kill -9, alone" : "worker kill -9, supervised", pid)
  kill(world, pid, !isAlone)
  return Effect.void
}

const killSupervisor: WorkerFault = (world, dice) => {
  const worker = world.crew.pick(dice, ({ processes }) => processes !== undefined)
  if (worker === undefined) return undefined
  worker.isTaken = true
  happened(world, "supervisor kill -9", worker.pid)
  kill(world, worker.pid, false)
  return Effect.void
}

const freeze = (isLong: boolean): WorkerFault => (world, dice) => {
  const target = someone(world, dice)
  if (target === undefined) return undefined
  const { isAlone, pid, worker } = target
  world.frozen.add(pid)
  const millis = isLong
    ? world.leaseMillis + dice.between(1000, 5000)
    : dice.between(100, 2500)
  // Signals to a frozen process wait until it wakes, so no other fault may pick an unsupervised
  // worker meanwhile.
  if (isAlone) worker.isTaken = true
  happened(world, isLong ? "SIGSTOP beyond the lease" : "SIGSTOP", pid)
  world.write({ what: "pause", at: Ledger.now(), pid })
  signal(pid, "SIGSTOP")
  return Effect.ensuring(
    Effect.sleep(millis),
    Effect.sync(() => {
      // The parent may have killed the frozen process, which did not receive the request to stop.
      const isThere = signal(pid, "SIGCONT")
      world.frozen.delete(pid)
      world.write({ what: isThere ? "resume" : "gone", at: Ledger.now(), pid })
      if (isAlone) worker.isTaken = false
    })
  )
}

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

const signals: WorkerFault = (world, dice) => {
  const worker = world.crew.pick(dice, () => true)
  if (worker === undefined) return undefined
  worker.isTaken = true
  const name = dice.pick(Object.keys(sequences)) ?? "finish"
  happened(world, "signals", `${worker.pid} ${name}`)
  return stop({ ...world, worker, sequence: sequences[name] ?? [], dice, isPeace: false })
}

/**
 * `every` is the mean time between two faults of a kind, in milliseconds, unless the quota asks for
 * more faults.
 */
export const workerFaults: ReadonlyArray<{
  readonly name: string
  readonly every: number
  readonly fault: WorkerFault
}> = [
  { name: "worker kill -9", every: 2000, fault: killWorker },
  { name: "supervisor kill -9", every: 20_000, fault: killSupervisor },
  { name: "SIGSTOP beyond the lease", every: 20_000, fault: freeze(true) },
  { name: "SIGSTOP beyond the lease", every: 20_000, fault: freeze(true) },
  { name: "SIGSTOP", every: 3000, fault: freeze(false) },
  { name: "signals", every: 2500, fault: signals },
  { name: "signals", every: 2500, fault: signals },
  { name: "signals", every: 2500, fault: signals },
  { name: "signals", every: 2500, fault: signals }
]
