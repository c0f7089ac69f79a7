/**
 * Statements by hand on jobs, each with its effect.
 */
import { adding } from "./Adding.ts"
import type { Scene, State } from "./States.ts"

export interface Statement {
  /** The statement as the documentation shows it. */
  readonly text: string
  readonly sql: (scene: Scene) => string
  /** The rows that follow a COPY. */
  readonly rows?: (scene: Scene) => string
  readonly says: Says
  readonly isMerge?: true
}

/** The effect on the job, as far as the statement names it. */
export interface Says {
  readonly start?: "now" | "later"
  /** Whether the statement changes the id, the queue or the key of the job. */
  readonly moves?: (state: State) => boolean
  readonly staysInLane?: true
  readonly isGone?: true
  /** All jobs of all queues are gone. */
  readonly isTruncate?: true
  readonly state?: "ready" | "scheduled"
  /** Whether the statement adds jobs to the lane. */
  readonly adds?: true
}

const update = (set: string, says: Says): Statement => ({
  text: `update … set ${set}`,
  sql: ({ elsewhere, job }) =>
    `UPDATE pgq.jobs SET ${set.replace("'elsewhere'", `'${elsewhere}'`)} WHERE id = ${job}`,
  says
})

export const statements: ReadonlyArray<Statement> = [
  ...adding,
  update("priority = 100", {}),
  update("payload = '{\"n\": 1}'", {}),
  update("run_at = now() + interval '1 hour'", { start: "later" }),
  update("run_at = 'infinity'", { start: "later" }),
  update("run_at = now()", { start: "now" }),
  update("run_at = null", { start: "now" }),
  update("queue = 'elsewhere'", { moves: () => true }),
  update("serialization_key = 'other'", { moves: () => true }),
  update("serialization_key = null", { moves: ({ isKeyed }) => isKeyed }),
  update("id = default", { moves: () => true, staysInLane: true }),
  update("state = 'ready'", { state: "ready" }),
  update("state = 'scheduled'", { state: "scheduled" }),
  {
    text: "merge … when matched then update set queue = 'elsewhere'",
    sql: ({ elsewhere, job }) => `
      MERGE INTO pgq.jobs AS j USING (VALUES (${job}::bigint)) AS v(id) ON j.id = v.id
      WHEN MATCHED THEN UPDATE SET queue = '${elsewhere}'`,
    says: { moves: () => true },
    isMerge: true
  },
  {
    text: "merge … when matched then delete",
    sql: ({ job }) => `
      MERGE INTO pgq.jobs AS j USING (VALUES (${job}::bigint)) AS v(id) ON j.id = v.id
      WHEN MATCHED THEN DELETE`,
    says: { isGone: true },
    isMerge: true
  },
  {
    text: "delete",
    sql: ({ job }) => `DELETE FROM pgq.jobs WHERE id = ${job}`,
    says: { isGone: true }
  },
  {
    text: "truncate",
    sql: () => "TRUNCATE pgq.jobs",
    says: { isTruncate: true }
  },
  {
    text: "truncate … restart identity cascade",
    sql: () => "TRUNCATE pgq.jobs RESTART IDENTITY CASCADE",
    says: { isTruncate: true }
  }
]
