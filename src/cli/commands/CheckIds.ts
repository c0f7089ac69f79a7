/**
 * Whether the next job gets an id that is free.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { asked, fail, type Look, ok } from "./Finding.ts"

/** A restored dump or a replica without its sequences would give ids that there are already. */
export const ids = (schema: string): Look =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [sequence] = yield* asked(sql<{ readonly name: string; readonly isReadable: boolean }>`
      SELECT name, has_sequence_privilege(name, 'SELECT') AS "isReadable"
      FROM pg_get_serial_sequence(quote_ident(${schema}) || '.jobs', 'id') AS name
    `)
    // A producer, who may be asking, has no right to it.
    if (sequence?.isReadable !== true) return []
    const last = sql.literal(`
      (SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM ${sequence.name})
    `)
    const [used] = yield* asked(sql<{ readonly highest: bigint | null }>`
      SELECT greatest(
        (SELECT max(id) FROM ${sql(`${schema}.jobs`)}),
        (SELECT max(id) FROM ${sql(`${schema}.finished_jobs`)} WHERE id > ${last})
      ) AS highest
    `)
    // Read afterwards, because jobs may be added meanwhile.
    const [given] = yield* asked(sql<{ readonly last: bigint }>`SELECT ${last} AS last`)
    const highest = used?.highest ?? 0n
    if (given === undefined || highest <= given.last) return [ok("ids", "above those there are")]
    return [fail(
      "ids",
      `there are jobs up to id ${highest}, but the next one would get id ${given.last + 1n}; ` +
        `run SELECT setval('${sequence.name}', ${highest})`
    )]
  })
