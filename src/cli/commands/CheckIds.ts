/**
 * Checks that the next job will get a free id.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { asked, fail, type Look, ok } from "./Finding.ts"

/**
 * After a restore or a failover to a replica whose sequences were not copied, the sequence would
 * give ids that already exist.
 */
export const ids = (schema: string): Look =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const [sequence] = yield* asked(sql<{ readonly name: string; readonly isReadable: boolean }>`
      SELECT name, has_sequence_privilege(name, 'SELECT') AS "isReadable"
      FROM pg_get_serial_sequence(quote_ident(${schema}) || '.jobs', 'id') AS name
    `)
    // A producer's role may not read the sequence.
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
    // Read after the sequence, because jobs may be added meanwhile.
    const [given] = yield* asked(sql<{ readonly last: bigint }>`SELECT ${last} AS last`)
    const highest = used?.highest ?? 0n
    if (given === undefined || highest <= given.last) return [ok("ids", "above those there are")]
    return [fail(
      "ids",
      `there are jobs up to id ${highest}, but the next one would get id ${given.last + 1n}; ` +
        `run SELECT setval('${sequence.name}', ${highest})`
    )]
  })
