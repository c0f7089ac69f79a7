/**
 * Tries each step of a worker in a transaction that is rolled back, and reports the steps that
 * would fail.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { randomInt, randomUUID } from "node:crypto"
import { asked, fail, type Look, orOk, undone, warn } from "./Finding.ts"

interface Step {
  readonly does: string
  readonly statement: string
  /** How many rows the step must return, and the meaning of a different number. */
  readonly answer?: readonly [rows: number, otherwise: string]
  /** The step does not depend on the steps before it. */
  readonly isAlone?: boolean
}

/** The order matters: an earlier step makes the rows that a later step uses. */
const steps = (schema: string, canAdd: boolean): ReadonlyArray<Step> => {
  const name = (part: string) => `"${schema}".${part}`
  const worker = `'${randomUUID()}'::uuid`
  const queue = `'pgq check ${randomUUID()}'`
  const lease = `(SELECT id FROM ${name("leases")} WHERE worker_id = ${worker})`
  // The id does not come from the sequence: an id taken from it would be missing for ever.
  const id = -randomInt(1, 2 ** 47)
  return [
    {
      does: "join",
      statement: `
        INSERT INTO ${name("workers")}
          (id, label, host, pid, queues, mode, concurrency, lease, lease_until)
        VALUES (${worker}, 'pgq check', '', 0, ARRAY[${queue}], 'row-lock', 1, '1 minute',
                clock_timestamp() + interval '1 minute')
        ON CONFLICT (id) DO UPDATE SET asleep = false`
    },
    {
      does: "renew",
      statement: `UPDATE ${
        name("workers")
      } SET late_since = NULL WHERE id = ${worker} RETURNING id`,
      answer: [1, "the worker's row is not found again"]
    },
    ...canAdd
      ? [{
        does: "add a job",
        statement: `
          INSERT INTO ${name("jobs")} (id, queue, name) OVERRIDING SYSTEM VALUE
          VALUES (${id}, ${queue}, 'pgq check') RETURNING id`,
        answer: [1, "a trigger of jobs swallowed it"] as const
      }]
      : [],
    {
      does: "claim",
      statement: `SELECT id FROM ${
        name("claim")
      }(ARRAY[${queue}], ${worker}, 1, 1, 0, false, NULL)`,
      ...canAdd ? { answer: [1, "the job that was added is not found"] as const } : {}
    },
    ...canAdd
      ? [{
        does: "settle",
        statement: `
          SELECT * FROM ${name("settle")}(ARRAY[${lease}], ARRAY[1], ARRAY[${id}]::bigint[], '[]')`,
        answer: [0, "the job that was claimed is not found"] as const
      }]
      : [],
    { does: "reconcile", statement: `SELECT FROM ${name("reconcile")}(${worker}, '{}')` },
    { does: "leave", statement: `SELECT FROM ${name("leave")}(${worker}, true)` },
    {
      does: "settle",
      statement: `SELECT FROM ${name("settle")}('{}', '{}', '{}', '[]')`,
      isAlone: true
    },
    { does: "make due jobs ready", statement: `SELECT FROM ${name("promote")}(0)`, isAlone: true },
    ...["prune_completed", "prune_failed", "prune_dropped", "prune_runs", "prune_logs"].map((
      step
    ) => ({
      does: "prune history",
      statement: `SELECT FROM ${name(step)}()`,
      isAlone: true
    }))
  ]
}

/** A worker tries these again later: a reader holds the history, or there is much to prune. */
const isBusy = (code: string | undefined) => code === "55P03" || code === "57014"

/** A constraint or trigger of the application, which real jobs may satisfy. */
const isRule = (code: string | undefined) => code === "P0001" || code?.startsWith("23") === true

const attempt = Effect.fnUntraced(function*({ answer, does, isAlone, statement }: Step) {
  const sql = yield* SqlClient.SqlClient
  const query = sql.unsafe(statement).unprepared
  const step = isAlone === true ? undone(asked(query)) : asked(sql.withTransaction(query))
  return yield* Effect.match(step, {
    onSuccess: (rows) =>
      answer === undefined || rows.length === answer[0]
        ? undefined
        : { does, why: answer[1], isKnown: false },
    onFailure: ({ code, detail }) => {
      const isKnown = does === "add a job" && isRule(code)
      return isBusy(code) ? undefined : { does, why: detail, isKnown }
    }
  })
})

export const work = (schema: string): Look =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [role] = yield* asked(sql<{ readonly canAdd: boolean }>`
      SELECT bool_and(has_column_privilege(oid, name, 'INSERT')) AS "canAdd"
      FROM pg_class, unnest(ARRAY['id', 'queue', 'name']) AS name
      WHERE relnamespace = quote_ident(${schema})::regnamespace AND relname = 'jobs'
    `)
    const failures: Array<{ does: string; why: string; isKnown: boolean }> = []
    for (const step of steps(schema, role?.canAdd === true)) {
      if (failures.length > 0 && step.isAlone !== true) continue
      const failure = yield* attempt(step)
      if (failure !== undefined) failures.push(failure)
    }
    const reasons = new Set(failures.map(({ why }) => why))
    const wrong = Array.from(reasons, (why) => {
      const alike = failures.filter((failure) => failure.why === why)
      const what = [...new Set(alike.map(({ does }) => does))].join(", ")
      const say = alike.every(({ isKnown }) => isKnown) ? warn : fail
      return say("work", `cannot ${what}: ${why}`)
    })
    return orOk(wrong, "work", "a job goes from its worker's claim to its end")
  })
