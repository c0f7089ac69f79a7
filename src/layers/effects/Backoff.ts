/**
 * The delays of a loop between attempts: each twice as long as the one before, with jitter.
 */
import { type Duration, type Effect, Schedule } from "effect"
import { doubling, type Growth } from "../../domain/Backoff.ts"
import { jittered } from "./Jitter.ts"

/** The delay after this many failures in a row, from 1. */
export const wait = (growth: Growth, failures: number): Effect.Effect<Duration.Duration> =>
  jittered(doubling(growth, failures))

/** The same delays as a schedule, for an effect that is retried. */
export const schedule = ({ base, cap }: Growth) =>
  Schedule.jittered(Schedule.min([Schedule.exponential(base), Schedule.spaced(cap)]))
