/**
 * The answers of `pgq pause`, `pgq resume` and `pgq pauses`, as text for people and as JSON.
 */
import type { Pause, PauseTarget } from "../../domain/Pause.ts"
import * as StatusText from "../StatusText.ts"

/** An answer as one line. */
export const ofAnswer = (answer: string, { name, queue }: PauseTarget): string =>
  printable(name === undefined ? `${queue} ${answer}` : `${queue} ${name} ${answer}`)

export const jsonOfAnswer = (answer: string, { name, queue }: PauseTarget): string =>
  JSON.stringify({ queue, name: name ?? null, answer }, undefined, 2)

/** The pauses as a table. */
export const ofPauses = (pauses: ReadonlyArray<Pause>): string =>
  StatusText.table(
    ["queue", "name", "since", "by", "until", "reason"],
    pauses.map(({ name = "", pausedAt, pausedBy, queue, reason = "", until }) =>
      [queue, name, pausedAt.toISOString(), pausedBy, until?.toISOString() ?? "", reason]
        .map(printable)
    )
  )

export const jsonOfPauses = (pauses: ReadonlyArray<Pause>): string =>
  JSON.stringify(
    pauses.map((pause) => ({
      ...pause,
      name: pause.name ?? null,
      until: pause.until ?? null,
      reason: pause.reason ?? null
    })),
    undefined,
    2
  )

/** A name or a reason may hold characters that a terminal obeys. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ")
