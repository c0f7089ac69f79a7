/**
 * Lengths of time, as people read them.
 */
import { Duration } from "effect"

/** With the precision that people need: 250ms, 3.2s, 5m 10s, 2h 5m, 3d 4h. */
export const text = (span: Duration.Duration): string => {
  const { days, hours, millis, minutes, seconds } = Duration.parts(span)
  if (days > 0) return `${days}d ${hours}h`
  if (hours > 0) return `${hours}h ${minutes}m`
  if (minutes > 0) return `${minutes}m ${seconds}s`
  if (seconds > 0) return `${seconds}.${Math.floor(millis / 100)}s`
  return `${Math.floor(millis)}ms`
}

export const ofSeconds = (seconds: number): string => text(Duration.seconds(Math.max(seconds, 0)))
