/**
 * The waits of a loop between its tries: each twice as long as the one before, and a little
 * different in each process.
 */
import { type Duration, type Effect, Schedule } from "effect"
import { doubling, type Growth } from "../../domain/Backoff.ts"
import { jittered } from "./Jitter.ts"

/** The wait after so many failures in a row, from 1. */
export const wait = (growth: Growth, failures: number): Effect.Effect<Duration.Duration> =>
  jittered(doubling(growth, failures))

/** The same waits, for one effect that is tried again. */
export const schedule = ({ base, cap }: Growth) =>
  Schedule.jittered(Schedule.min([Schedule.exponential(base), Schedule.spaced(cap)]))
