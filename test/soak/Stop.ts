/**
 * Asks a worker to stop, as an operator does, and checks that nothing of the worker is left.
 */
import { Deferred, Effect, Option } from "effect"
import { ask } from "./Database.ts"
import type { Dice } from "./Dice.ts"
import * as Ledger from "./Ledger.ts"
import type { Server } from "./Server.ts"
import type { Violation } from "./Violation.ts"
import { childrenOf, signal, type Worker } from "./WorkerProcesses.ts"

export const stop = Effect.fnUntraced(function*(options: {
  readonly worker: Worker
  readonly sequence: ReadonlyArray<NodeJS.Signals>
  readonly dice: Dice
  readonly server: Server
  /** Without faults the worker must stop, and cleanly. */
  readonly isPeace: boolean
  readonly write: (entry: Ledger.Entry) => void
  readonly report: (violation: Violation) => void
  readonly count: (fault: string) => void
}) {
  const { count, dice, isPeace, report, sequence, server, worker, write } = options
  worker.isTaken = true
  const since = Ledger.now()
  const pids = [worker.pid, ...childrenOf(worker.pid)]
  const ids = yield* ask(server.url, (sql) =>
    sql<{ id: string }>`
      SELECT id::text FROM pgq.workers WHERE pid = ANY (${pids}::integer[])
    `)
  const note = (dying: ReadonlyArray<number>) => {
    for (const pid of dying) write({ what: "kill", at: Ledger.now(), pid, isSupervised: false })
  }
  for (const [index, name] of sequence.entries()) {
    // The third signal ends the process at once.
    if (index === 2) note(pids)
    signal(worker.pid, name)
    yield* Effect.sleep(dice.between(0, 500))
  }
  const ended = yield* Effect.timeoutOption(Deferred.await(worker.ended), "25 seconds")
  const who = `${worker.place.name} (${worker.pid}) after ${sequence.join(", ")}`
  if (Option.isNone(ended)) {
    // A drain goes on for as long as jobs come in, and without a server a worker cannot sign off.
    if (isPeace) report({ check: "not stopped", detail: who })
    count("stops given up")
    const dying = [...childrenOf(worker.pid), worker.pid]
    note(dying)
    for (const pid of dying) signal(pid, "SIGKILL")
    return
  }
  const { code } = ended.value
  if (code !== 0) {
    count("stops with an error")
    if (isPeace) {
      report({ check: "not stopped", detail: `${who}: code ${code}: ${worker.complaint()}` })
    }
    return
  }
  count("clean stops")
  const [row] = yield* ask(server.url, (sql) =>
    sql<{ workers: number; leases: number }>`
      SELECT count(*)::integer AS workers,
             (SELECT count(*)::integer FROM pgq.leases
              WHERE worker_id = ANY (${ids.map(({ id }) => id)}::uuid[])) AS leases
      FROM pgq.workers WHERE pid = ANY (${pids}::integer[])
    `)
  // A failover may have lost the sign-off. That is no leak.
  if (row !== undefined && row.workers + row.leases > 0 && server.forgotAt() < since) {
    report({ check: "leaked", detail: `${who}: ${row.workers} workers, ${row.leases} leases` })
  }
})
