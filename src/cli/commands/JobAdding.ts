/**
 * Adds the jobs of a command, all or none. If the database refuses one of them, the error names its
 * line.
 */
import { Array, Data, Duration, Effect, Result } from "effect"
import { SqlClient } from "effect/sql"
import { DuplicateJob, JobInvalid, type StoreError } from "../../domain/Errors.ts"
import type { OfferedJob } from "../../domain/Unique.ts"
import { bounds } from "../../layers/effects/Deadline.ts"
import { lossAsFailure } from "../../layers/postgres/PgError.ts"
import { withTimeout } from "../../layers/postgres/QueryTimeout.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import type { JobLine } from "./JobLines.ts"

/** Adds the jobs and answers their ids, in the order given. */
export const add = Effect.fnUntraced(function*(lines: ReadonlyArray<JobLine>) {
  const [only, ...others] = Array.chunksOf(lines, 1000).map(addSome)
  if (only === undefined) return []
  const adding = others.length === 0
    ? only
    : Effect.map(
      inTransaction(Effect.all([only, ...others]), others.length + 1),
      (ids) => ids.flat()
    )
  return yield* Effect.catchTag(adding, "Undone", ({ error, some }) => blame(some, error))
})

const addSome = Effect.fnUntraced(function*(some: ReadonlyArray<JobLine>) {
  const repo = yield* JobRepo
  const jobs = some.map(({ job }) => job)
  const isPlain = jobs.every(({ unique }) => unique === undefined)
  return yield* Effect.mapError(
    isPlain ? repo.enqueue(jobs) : offer(jobs),
    (error) => new Undone({ some, error })
  )
})

const offer = Effect.fnUntraced(function*(jobs: ReadonlyArray<OfferedJob>) {
  const repo = yield* JobRepo
  const answers = yield* repo.offer(jobs, { isWhole: true })
  const rejected = answers.find(({ outcome }) => outcome === "rejected")
  if (rejected === undefined) return answers.map(({ id }) => id)
  const names = new Set(jobs.map(({ name }) => name))
  return yield* new DuplicateJob({ name: Array.fromIterable(names).join(", "), id: rejected.id })
})

/** The jobs were rolled back. Without an error they were only tried. */
class Undone extends Data.TaggedError("Undone")<{
  readonly some: ReadonlyArray<JobLine>
  readonly error: StoreError | DuplicateJob | undefined
}> {}

/** Finds the first job that is refused by itself, by halving. */
const blame = (
  some: ReadonlyArray<JobLine>,
  error: StoreError | DuplicateJob | undefined
): Effect.Effect<never, DuplicateJob | JobInvalid | StoreError, JobRepo | SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const [first] = some
    if (error === undefined || first === undefined) return yield* Effect.die("nothing was refused")
    if (error._tag === "DuplicateJob" || first.where === undefined || !isOfOneJob(error)) {
      return yield* error
    }
    if (some.length === 1) {
      return yield* new JobInvalid({ issue: `${first.where}: ${error.detail}` })
    }
    const half = some.slice(0, Math.ceil(some.length / 2))
    const refusal = yield* refusalOf(half)
    return yield* refusal === undefined
      ? blame(some.slice(half.length), error)
      : blame(half, refusal)
  })

/** The database's refusal of these jobs. The transaction keeps none of them. */
const refusalOf = (some: ReadonlyArray<JobLine>) =>
  inTransaction(Effect.andThen(addSome(some), new Undone({ some, error: undefined }))).pipe(
    Effect.catchTag("Undone", ({ error }) => Effect.succeed(error))
  )

/** Whether a value, a constraint or a trigger is the cause, not the server or the role's rights. */
const isOfOneJob = ({ code = "", isTransient }: StoreError): boolean =>
  !isTransient && /^(22|23|54|P0)/.test(code)

/** The limit covers the statements, the BEGIN and the end of the transaction. */
const inTransaction = Effect.fnUntraced(
  function*<A, R>(effect: Effect.Effect<A, Undone, R>, statements = 1) {
    const sql = yield* SqlClient.SqlClient
    const end = yield* lossAsFailure(sql.withTransaction(effect)).pipe(
      Effect.map(Result.succeed),
      Effect.catchTag("Undone", (undone) => Effect.succeed(Result.fail(undone))),
      withTimeout("enqueue", Duration.times(bounds.statement, statements + 2))
    )
    return yield* Effect.fromResult(end)
  }
)
