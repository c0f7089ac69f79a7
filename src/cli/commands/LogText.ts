/**
 * Lines of a job's log, as text for people.
 */
import type { LogLine } from "../../domain/JobLog.ts"

/** A line may hold characters that a terminal obeys. */
export const line = ({ at, attempt, level, line }: LogLine): string =>
  `${at.toISOString()} ${attempt} ${level} ${line.replaceAll(/\n/g, "\n  ")}`
    .replaceAll(/[^\P{Cc}\n]/gu, " ")
