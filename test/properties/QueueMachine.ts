/**
 * A queue in PostgreSQL beside its model. Both follow the same commands, the queue through pgq's
 * own services.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as CancelCommands from "./CancelCommands.ts"
import * as ExpiryCommands from "./ExpiryCommands.ts"
import * as OperatorCommands from "./OperatorCommands.ts"
import * as Overlaps from "./Overlaps.ts"
import * as PauseCommands from "./PauseCommands.ts"
import * as ProducerCommands from "./ProducerCommands.ts"
import * as QueueModel from "./QueueModel.ts"
import * as QueueTables from "./QueueTables.ts"
import type { Seats } from "./Seats.ts"
import * as TransactionCommands from "./TransactionCommands.ts"
import * as UniqueCommands from "./UniqueCommands.ts"
import * as WorkerCommands from "./WorkerCommands.ts"

/** Small numbers choose among what there is when the command runs. */
export interface Command {
  readonly op: Operation
  readonly who: number
  readonly key: number
  readonly priority: number
  readonly detail: number
}

export type Operation =
  | CancelCommands.Operation
  | ExpiryCommands.Operation
  | OperatorCommands.Operation
  | Overlaps.Operation
  | PauseCommands.Operation
  | ProducerCommands.Operation
  | TransactionCommands.Operation
  | UniqueCommands.Operation
  | WorkerCommands.Operation

/** The state that the commands of one run share. */
export interface Run {
  readonly seats: Seats["Service"]
  readonly queue: string
  /** Whether each claim looks at only one lane. */
  readonly isNarrow: boolean
  readonly model: QueueModel.QueueModel
}

/** One run of the machine on a queue of its own, which is cleared when the scope closes. */
export const make = Effect.fnUntraced(function*(seats: Seats["Service"], isNarrow: boolean) {
  const queue = crypto.randomUUID()
  const model = QueueModel.make()
  const run: Run = { seats, queue, isNarrow, model }
  const control = () => seats.control.now().session.sql
  yield* Effect.addFinalizer(() => Effect.orDie(QueueTables.clear(control(), queue)))
  const producing = yield* ProducerCommands.make(run)
  const working = yield* WorkerCommands.make(run)
  const cancelling = CancelCommands.make(run)
  const operating = OperatorCommands.make(run, cancelling)
  const pausing = PauseCommands.make(run, working)
  const offering = UniqueCommands.make(run)
  const expiring = ExpiryCommands.make(run)
  const completing = yield* TransactionCommands.make(run, working)
  const overlaps = Overlaps.make(run, working, cancelling)

  const check = Effect.gen(function*() {
    assert.deepStrictEqual(yield* QueueTables.violations(control(), queue), [])
    assertSame(yield* QueueTables.read(control(), queue), model.snapshot())
    cancelling.check()
    const { notifier, repo } = seats.control.now()
    const isOpen = model.all().some(({ laneState }) => laneState === "open")
    const isHeld = model.all().some(({ laneState }) => laneState === "leased")
    if (!isOpen && !isHeld) assert.isFalse(yield* repo.hasUnstarted([queue]))
    const hasUnannounced = producing.hasUnannounced() || completing.hasUnannounced()
    assert.strictEqual(yield* notifier.mayHaveMissed([queue]), hasUnannounced)
  })

  const dispatch = (command: Command): Effect.Effect<void, unknown> =>
    ProducerCommands.isOperation(command.op)
      ? producing.step(command.op, command)
      : WorkerCommands.isOperation(command.op)
      ? working.step(command.op, command)
      : CancelCommands.isOperation(command.op)
      ? cancelling.step(command.op, command)
      : OperatorCommands.isOperation(command.op)
      ? operating.step(command.op, command)
      : PauseCommands.isOperation(command.op)
      ? pausing.step(command.op, command)
      : UniqueCommands.isOperation(command.op)
      ? offering.step(command.op, command)
      : ExpiryCommands.isOperation(command.op)
      ? expiring.step(command.op, command)
      : TransactionCommands.isOperation(command.op)
      ? completing.step(command.op, command)
      : overlaps.step(command.op, command)

  const step = (command: Command) =>
    Effect.andThen(dispatch(command), check).pipe(
      Effect.orDie,
      Effect.catchDefect((defect) =>
        Effect.die(new Error(`after "${command.op}": ${String(defect)}`))
      )
    )

  /** Checks that nothing of a worker remains, and that all committed jobs can be finished. */
  const finish = Effect.gen(function*() {
    yield* producing.endAll
    yield* completing.endAll
    yield* working.leaveAll
    yield* check
    assert.strictEqual(model.workers.size, 0)
    assert.strictEqual(model.leases.size, 0)
    yield* working.workOff
    yield* check
    assert.strictEqual(model.jobs.size, 0)
    yield* cancelling.finish
  })

  return { step, finish }
})

/** Fails with the rows that differ, one a line. */
const assertSame = (tables: QueueModel.Snapshot, model: QueueModel.Snapshot): void => {
  const [said, meant] = [linesOf(tables), linesOf(model)]
  const differs = only(said, meant) + only(meant, said)
  assert(differs === "", `the tables say\n${only(said, meant)}\nthe model\n${only(meant, said)}`)
}

const only = (these: ReadonlyArray<string>, those: ReadonlyArray<string>): string =>
  these.filter((line) => !those.includes(line)).join("\n")

const linesOf = (snapshot: QueueModel.Snapshot): ReadonlyArray<string> =>
  Object.entries(snapshot).flatMap(([what, rows]) =>
    rows.map((row: object) => `${what}: ${formatRow(row)}`)
  )

const formatRow = (row: object): string =>
  Object.entries(row)
    .map(([name, value]) => `${name}=${String(value)}`)
    .toSorted()
    .join(" ")
