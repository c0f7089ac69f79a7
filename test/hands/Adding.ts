/**
 * Statements that add two jobs to the lane of an existing job: one to run at once, and one for
 * later.
 */
import { jobs } from "./Added.ts"
import type { Statement } from "./Statements.ts"
import type { Scene } from "./States.ts"

const columns = "queue, name, serialization_key, priority, run_at"

/** The added jobs as SQL. `id` is put before their other columns. */
const values = ({ key, queue }: Scene, id = "") => {
  const lane = `${id}'${queue}', '${jobs.name}', ${key === null ? "NULL::text" : `'${key}'`}`
  return `(${lane}, ${jobs.now}, NULL::timestamptz), (${lane}, ${jobs.later}, '${jobs.runAt}')`
}

const insert = (conflict: string) => (scene: Scene) => `
  INSERT INTO pgq.jobs (id, ${columns}) OVERRIDING SYSTEM VALUE
  VALUES (${scene.job}, '${scene.queue}', 'test', NULL, 0, NULL), ${values(scene, "DEFAULT, ")}
  ON CONFLICT ${conflict}`

const merge = (matched: string) => (scene: Scene) => `
  MERGE INTO pgq.jobs AS j
  USING (VALUES (${scene.job}::bigint, '', '', '', 0, NULL::timestamptz), ${
  values(scene, "NULL, ")
})
    AS v(id, ${columns}) ON j.id = v.id
  ${matched}
  WHEN NOT MATCHED THEN INSERT (${columns})
  VALUES (${columns.split(", ").map((column) => `v.${column}`).join()})`

/** Rows with states, like those of a table that was copied out. pgq must not use these states. */
const rows = ({ key, queue }: Scene) => {
  const lane = `${queue}\t${jobs.name}\t${key ?? "\\N"}`
  return `${lane}\t${jobs.now}\t\\N\tready\n${lane}\t${jobs.later}\t${jobs.runAt}\tretry\n`
}

export const adding: ReadonlyArray<Statement> = [
  {
    text: "insert",
    sql: (scene) => `INSERT INTO pgq.jobs (${columns}) VALUES ${values(scene)}`,
    says: { adds: true }
  },
  {
    text: "copy … from stdin",
    sql: () => `COPY pgq.jobs (${columns}, state) FROM STDIN`,
    rows,
    says: { adds: true }
  },
  {
    text: "insert … on conflict do nothing",
    sql: insert("DO NOTHING"),
    says: { adds: true }
  },
  {
    text: "insert … on conflict (id) do update set run_at = 'infinity'",
    sql: insert("(id) DO UPDATE SET run_at = 'infinity'"),
    says: { adds: true, start: "later" }
  },
  {
    text: "merge … when not matched then insert",
    sql: merge(""),
    says: { adds: true },
    isMerge: true
  },
  {
    text: "merge … when matched then update set run_at = 'infinity' when not matched then insert",
    sql: merge("WHEN MATCHED THEN UPDATE SET run_at = 'infinity'"),
    says: { adds: true, start: "later" },
    isMerge: true
  },
  {
    text: "merge … when matched then delete when not matched then insert",
    sql: merge("WHEN MATCHED THEN DELETE"),
    says: { adds: true, isGone: true },
    isMerge: true
  }
]
