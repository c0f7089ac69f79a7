/**
 * Sends settlements in batches, one in flight, and again until the store has answered: sending one
 * twice changes nothing. Neither one that the store refuses nor one whose row somebody holds keeps
 * the others from being recorded.
 */
import { Effect, Latch, Schedule, type Scope } from "effect"
import { type ClaimLost, StoreError } from "../../domain/Errors.ts"
import { JobRepo, type Settled } from "../../services/JobRepo.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { LoggedJob } from "./LogFields.ts"
import * as SettlingLog from "./SettlingLog.ts"

/** How a job ended, and what log lines say of it. */
export interface Ended extends Settled, LoggedJob {
  readonly key: string | undefined
}

export interface Settler {
  /** Returns at once; the settlement is under way. */
  readonly add: (ended: Ended) => void
  /** How many settlements are under way. */
  readonly size: () => number
  /** The jobs whose settlements are under way. */
  readonly jobs: () => ReadonlyArray<LoggedJob>
  /** The leases that settlements are under way for. */
  readonly leases: () => ReadonlyArray<string>
  /** Waits until nothing is under way. */
  readonly drained: Effect.Effect<void>
}

/** `onAnswer` is told after each batch which of its settlements came too late. */
export const make = Effect.fnUntraced(function*(
  onAnswer: (lost: ReadonlyArray<ClaimLost>) => void
): Effect.fn.Return<Settler, never, JobRepo | Scope.Scope> {
  const repo = yield* JobRepo
  const hasWork = yield* Latch.make()
  const isDrained = yield* Latch.make(true)
  const hasLocked = yield* Latch.make()
  let waiting: Array<Ended> = []
  let sending: ReadonlyArray<Ended> = []
  /** To be sent later: somebody else holds their rows, or the server gives them up. */
  let locked: ReadonlyArray<Ended> = []
  /** Those that wait again after they were locked. */
  const unlocked = new Set<Ended>()
  /** How many were refused since the last one that was accepted. */
  let refused = 0
  /** How many were left for later, one by one, since the last one that was accepted. */
  let setAside = 0
  /** How many batches were refused altogether, one after the other. */
  let holdUps = 0

  /** Whether what is sent now may have been recorded before. */
  let isRepeat = false
  const record = (batch: ReadonlyArray<Ended>) =>
    Effect.suspend(() => {
      const options = { isRepeat }
      isRepeat = true
      return repo.settle(batch, options)
    })

  // One that the store will never accept is found by sending each alone, and then left to
  // `reconcile`, which hands its job back: it must not hold up the others.
  const send = (
    batch: ReadonlyArray<Ended>,
    { isApart = false, isCertain = false, locks = 0 }: Sent = {}
  ): Effect.Effect<ReadonlyArray<ClaimLost>> => {
    let answers = 0
    const next = (error: StoreError) => nextOf(error, { isCertain, size: batch.length })
    return record(batch).pipe(
      Effect.catchDefect(refusal("settle")),
      Effect.tap(() => Effect.sync(() => refused = setAside = 0)),
      Effect.tapError((error) => SettlingLog.failed(batch, error, next(error))),
      Effect.tapError(({ isAnswer }) => Effect.sync(() => isAnswer && answers++)),
      Effect.retry({
        schedule: backoff,
        while: ({ code, isTransient }) =>
          isTransient && code !== lockTimeout && answers < (isApart ? 1 : answersMax)
      }),
      Effect.catch((error) =>
        error.code === lockTimeout
          ? sendUnlocked(batch, { isApart, locks: locks + 1 })
          : error.isTransient
          ? sendApart(batch)
          : next(error) === "sent again"
          ? Effect.andThen(Effect.sleep("1 second"), send(batch, { isCertain: true }))
          : next(error) === "refused"
          ? Effect.sync(() => (refused++, []))
          : Effect.map(
            Effect.forEach(batch, (one) => send([one], { isCertain: true })),
            (lost) => lost.flat()
          )
      )
    )
  }

  const sendUnlocked = Effect.fnUntraced(function*(
    batch: ReadonlyArray<Ended>,
    sent: Sent & { readonly locks: number }
  ) {
    const [free, held] = yield* divide(batch)
    if (held.length > 0) {
      yield* SettlingLog.held(held)
      lockAll(held)
      return free.length === 0 ? [] : yield* send(free, sent)
    }
    // Nobody holds a row any more, or somebody has locked a whole table.
    yield* Effect.sleep("200 millis")
    return yield* sent.locks < answersMax ? send(batch, sent) : sendApart(batch)
  })

  /**
   * One of them may be what the server gives up each time, as a trigger of the user's does, or a
   * statement that lasts too long: it is found by halves, and sent again later.
   */
  const sendApart = Effect.fnUntraced(function*(
    batch: ReadonlyArray<Ended>
  ): Effect.fn.Return<ReadonlyArray<ClaimLost>> {
    if (batch.length < 2) {
      lockAll(batch)
      // If the server accepts nothing at all now, not at full speed.
      yield* Effect.sleep(Math.min(50 * 2 ** setAside++, 1000))
      return []
    }
    const middle = Math.ceil(batch.length / 2)
    const lost = yield* send(batch.slice(0, middle), { isApart: true })
    const rest = inTurn(batch.slice(middle))
    return rest.length === 0 ? lost : [...lost, ...yield* send(rest, { isApart: true })]
  })

  const lockAll = (batch: ReadonlyArray<Ended>): void => {
    locked = [...locked, ...batch]
    hasLocked.openUnsafe()
  }

  /** Those that can be recorded now, and those whose rows somebody holds. */
  const divide = (batch: ReadonlyArray<Ended>) =>
    repo.rowLocked(batch).pipe(
      Effect.catchDefect(refusal("rowLocked")),
      Effect.retry({ schedule: backoff, while: ({ isTransient }) => isTransient }),
      Effect.orElseSucceed((): ReadonlyArray<bigint> => []),
      Effect.map((ids) => {
        const held = new Set(ids)
        return [
          batch.filter(({ id }) => !held.has(id)),
          batch.filter(({ id }) => held.has(id))
        ] as const
      })
    )

  /**
   * Without those whose lane's run has an earlier one that is locked, which wait behind it: one
   * that goes back undone takes all of its run out of their lease, and what had finished would run
   * again.
   */
  const inTurn = (batch: ReadonlyArray<Ended>): ReadonlyArray<Ended> => {
    if (locked.length === 0) return batch
    const runs = new Set(locked.map(runOf))
    const isBehind = (one: Ended) => one.key !== undefined && runs.has(runOf(one))
    locked = [...locked, ...batch.filter(isBehind)]
    return batch.filter((one) => !isBehind(one))
  }

  const flush = Effect.gen(function*() {
    yield* hasWork.await
    // If the last one broke off, what it was to send is still there.
    const all = [...sending, ...waiting]
    sending = all.slice(0, batchMax)
    waiting = all.slice(batchMax)
    sending = inTurn(sending)
    const size = sending.length
    isRepeat ||= unlocked.size > 0 && sending.some((one) => unlocked.has(one))
    const lost = size === 0 ? [] : yield* send(sending)
    if (unlocked.size > 0) sending.forEach((one) => unlocked.delete(one))
    sending = []
    isRepeat = false
    holdUps = size === 0 || refused < size ? 0 : holdUps + 1
    // Refused jobs run again: not at full speed.
    if (holdUps > 0) yield* Effect.sleep(Math.min(500 * 2 ** holdUps, holdUpMax))
    onAnswer(lost)
    if (waiting.length > 0) return
    hasWork.closeUnsafe()
    if (locked.length === 0) isDrained.openUnsafe()
  })

  const retryLocked = Effect.gen(function*() {
    yield* hasLocked.await
    yield* Effect.sleep("1 second")
    const asked = locked
    const [free, held] = yield* divide(asked)
    locked = [...held, ...locked.slice(asked.length)]
    if (locked.length === 0) hasLocked.closeUnsafe()
    for (const one of free) unlocked.add(one)
    // Before those of its lane that ended later.
    waiting = [...free, ...waiting]
    if (free.length > 0) hasWork.openUnsafe()
  })

  yield* Effect.forEach(
    [flush, retryLocked],
    (step) => step.pipe(restartOnDefect("settling"), Effect.forever, Effect.forkScoped)
  )

  const add = (ended: Ended): void => {
    waiting.push(ended)
    isDrained.closeUnsafe()
    hasWork.openUnsafe()
  }

  return {
    add,
    size: () => waiting.length + sending.length + locked.length,
    jobs: () => [...sending, ...waiting, ...locked],
    leases: () => [...waiting, ...sending, ...locked].map(({ lease }) => lease),
    drained: isDrained.await
  }
})

/** A lease is of one queue. */
const runOf = ({ key, lease }: Settled): string => `${lease} ${key ?? ""}`

const batchMax = 2000

/** So often the server may give up a batch before it is taken apart. */
const answersMax = 3

interface Sent {
  /** Whether it is a part of a batch that the server gave up. */
  readonly isApart?: boolean
  readonly isCertain?: boolean
  /** How often in a row a lock that nobody holds kept it from being recorded. */
  readonly locks?: number
}

/** Milliseconds. */
const holdUpMax = 60_000

/** What the store says when somebody else holds a row, or a lane, for too long. */
const lockTimeout = "55P03"

/** A defect counts as a refusal. */
const refusal = (operation: string) => (defect: unknown) =>
  Effect.fail(
    new StoreError({
      operation,
      isTransient: false,
      detail: defect instanceof Error ? defect.message : "a defect",
      cause: defect
    })
  )

const nextOf = (
  error: StoreError,
  { isCertain, size }: { readonly isCertain: boolean; readonly size: number }
): SettlingLog.Next =>
  error.isTransient || (isDoubtful(error) && !isCertain)
    ? "sent again"
    : size > 1
    ? "sent one by one"
    : "refused"

/**
 * An error of the server's inside, or of the client, says nothing about what was sent. It is
 * believed when it comes again.
 */
const isDoubtful = ({ code, isTransient }: StoreError): boolean =>
  !isTransient && (code === undefined || code.startsWith("XX"))

const backoff = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("5 seconds")])
  .pipe(
    Schedule.jittered
  )
