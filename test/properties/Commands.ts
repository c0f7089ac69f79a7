/**
 * Random histories of a queue, as lists of commands that shrink.
 */
import { Arbitrary, Effect, Schema } from "effect"
import * as CancelCommands from "./CancelCommands.ts"
import * as ExpiryCommands from "./ExpiryCommands.ts"
import * as OperatorCommands from "./OperatorCommands.ts"
import * as Overlaps from "./Overlaps.ts"
import * as PauseCommands from "./PauseCommands.ts"
import * as ProducerCommands from "./ProducerCommands.ts"
import * as QueueMachine from "./QueueMachine.ts"
import { Seats } from "./Seats.ts"
import * as TransactionCommands from "./TransactionCommands.ts"
import * as UniqueCommands from "./UniqueCommands.ts"
import * as WorkerCommands from "./WorkerCommands.ts"

// Operations that are rare in a calm queue are common here. They shrink towards the first
// operation.
const operations: ReadonlyArray<QueueMachine.Operation> = [
  "add",
  "add",
  "claim",
  "settle",
  ...ProducerCommands.operations,
  ...WorkerCommands.operations,
  ...Overlaps.operations,
  ...CancelCommands.operations,
  ...OperatorCommands.operations,
  ...PauseCommands.operations,
  ...UniqueCommands.operations,
  ...ExpiryCommands.operations,
  ...TransactionCommands.operations,
  "add",
  "claim",
  "settle",
  "add in a transaction",
  "commit",
  "join",
  "join",
  "come due"
]

const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const command = (operations: ReadonlyArray<QueueMachine.Operation>) =>
  Arbitrary.schema(Schema.Struct({
    op: upTo(operations.length - 1),
    who: upTo(2),
    key: upTo(3),
    priority: upTo(2),
    detail: upTo(15)
  })).pipe(
    Arbitrary.map(({ op, ...numbers }): QueueMachine.Command => ({
      op: operations[op]!,
      ...numbers
    }))
  )

const among = (operations: ReadonlyArray<QueueMachine.Operation>, length: number) =>
  Arbitrary.array(command(operations), { minLength: 1, maxLength: length })

/** Up to `length` commands. */
export const ofLength = (length: number) => among(operations, length)

const areBeside = [
  OperatorCommands,
  PauseCommands,
  UniqueCommands,
  ExpiryCommands,
  TransactionCommands
]

/** The same, but nothing stands beside the steps of the protocol. */
export const ofProtocol = (length: number) =>
  among(operations.filter((op) => !areBeside.some(({ isOperation }) => isOperation(op))), length)

/** Unique jobs and jobs that expire, how they end, and how they come back. */
export const ofUnique = (length: number) =>
  among(
    [
      "offer",
      "claim",
      "settle",
      ...UniqueCommands.operations,
      ...ExpiryCommands.operations,
      "offer",
      "cancel",
      "retry",
      "discard",
      "retry",
      "sweep",
      "settle",
      "leave",
      "join",
      "come due"
    ],
    length
  )

/** Transactions that complete jobs, and how their workers lose the jobs meanwhile. */
export const ofTransactions = (length: number) =>
  among(
    [
      "add",
      "claim",
      ...TransactionCommands.operations,
      "begin a run",
      "commit a run",
      "settle",
      "add",
      "claim",
      "cancel",
      "expire",
      "rescue",
      "reportDead",
      "join",
      "come due"
    ],
    length
  )

/** All commands, but no step overlaps with another. */
export const ofStepsInTurn = (length: number) =>
  among(
    operations.filter((op) => !Overlaps.isOperation(op) && !TransactionCommands.isOverlap(op)),
    length
  )

/**
 * Runs a history on the machine, and finishes the queue. With `isNarrow`, each claim looks at one
 * lane.
 */
export const run = (
  commands: ReadonlyArray<QueueMachine.Command>,
  { isNarrow = false }: { readonly isNarrow?: boolean } = {}
) =>
  Effect.gen(function*() {
    const machine = yield* QueueMachine.make(yield* Seats, isNarrow)
    yield* Effect.forEach(commands, machine.step, { discard: true })
    yield* machine.finish
  }).pipe(Effect.scoped)
