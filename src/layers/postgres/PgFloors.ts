/**
 * Lets the claims of a process begin at its floors where that pays, and looks for jobs below them:
 * at least every 80 milliseconds while claims use the floors, in a statement beside the claims.
 *
 * Floors pay where claims are large, or one after the other is slow. A small claim that begins at
 * the front of a short queue is faster without.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as Monotonic from "../effects/Monotonic.ts"
import { type Floor, Floors } from "./Floors.ts"
import { withTimeout } from "./QueryTimeout.ts"

export type PgFloors = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*(sql: PgClient.PgClient, schema: string) {
  const scope = yield* Effect.scope
  const now = yield* Monotonic.millis
  const state: State = {
    floors: new Floors(),
    generation: 0,
    lookedAt: now(),
    lookTook: 0,
    isLooking: false,
    slowClaims: 0,
    neededUntil: -Infinity
  }
  const look = makeLook(state, now, jobsBelow(sql, schema))

  return {
    begin: (queues: ReadonlyArray<string>) => begin(state, now, queues),

    /**
     * Whether looking below the floors takes so long that jobs above would wait for it: an old open
     * transaction keeps the rows of deleted jobs.
     */
    isSlow: () => state.lookTook > slow,

    /** Jobs may be ready below the floors: the next claim looks everywhere. */
    forget: () => forget(state),

    /** Looks below the floors, if it is time, beside the claim that follows. */
    lookIfDue: Effect.suspend(() => {
      const { floors, isLooking, lookedAt, neededUntil } = state
      if (floors.isEmpty || isLooking || now() - lookedAt < pause) return Effect.void
      if (now() >= neededUntil) return Effect.void
      state.isLooking = true
      return Effect.forkIn(look, scope)
    })
  }
})

interface State {
  readonly floors: Floors
  /**
   * How often floors were lowered or forgotten. A claim that began before does not raise any.
   */
  generation: number
  lookedAt: number
  /** How long the last look took, in milliseconds. */
  lookTook: number
  isLooking: boolean
  /** The last claims in a row that were slow. One may be slow because the machine is busy. */
  slowClaims: number
  /** Until this time claims begin at the floors. */
  neededUntil: number
}

/** The ranges for a claim of these queues, and how to take in the jobs that it finds. */
const begin = (state: State, now: () => number, queues: ReadonlyArray<string>) => {
  const { floors, generation, neededUntil } = state
  const beganAt = now()
  const ranges = beganAt < neededUntil ? queues.flatMap((queue) => floors.ranges(queue)) : []
  return {
    /** None if the claim must look everywhere. */
    ranges: ranges.some(({ floor }) => floor !== null) ? ranges : [],

    /** The heads of each queue stand in their order. */
    learn: (heads: ReadonlyArray<Floor>): void => {
      state.slowClaims = now() - beganAt > slow ? state.slowClaims + 1 : 0
      if (heads.length >= large || state.slowClaims >= 3) state.neededUntil = now() + needed
      if (state.generation !== generation) return
      heads.forEach((job, n) => {
        const next = heads[n + 1]
        if (next?.priority !== job.priority || next.queue !== job.queue) floors.set(job)
      })
    }
  }
}

const forget = (state: State): void => {
  state.generation++
  state.floors.clear()
}

type Find = ReturnType<typeof jobsBelow>

/** For each floor, the place of the first ready job at or below it. */
const jobsBelow = (sql: PgClient.PgClient, schema: string) =>
  Effect.fnUntraced(function*(floors: ReadonlyArray<Floor>) {
    return yield* sql<Floor>`
      SELECT queue, priority, place FROM ${sql(`${schema}.jobs_below`)}(
        ${floors.map(({ queue }) => queue)}::text[],
        ${floors.map(({ priority }) => priority)}::integer[],
        ${floors.map(({ place }) => place)}::bigint[]
      )
    `
  }, withTimeout("claim"))

const makeLook = (state: State, now: () => number, find: Find) =>
  Effect.gen(function*() {
    state.lookedAt = now()
    const below = yield* find(state.floors.all())
    if (below.length > 0) state.generation++
    for (const floor of below) state.floors.set({ ...floor, place: floor.place - 1n })
    state.lookTook = now() - state.lookedAt
  }).pipe(
    // The next claim looks everywhere instead.
    Effect.catch(() => Effect.sync(() => forget(state))),
    Effect.ensuring(Effect.sync(() => {
      state.isLooking = false
    }))
  )

/** Milliseconds between two looks. No job below a floor waits for much longer. */
const pause = 80

/** Milliseconds that a claim or a look takes at least to be slow. */
const slow = 5

/** The jobs of a large claim. */
const large = 50

/** Milliseconds after a large claim, or slow ones, in which floors are used. */
const needed = 10_000
