/**
 * Not a queue: the same rows through plain SQL from one session, as the limit of what this server
 * can do. Nothing is safe from a second worker, nothing is retried, nobody is woken.
 */
import { Client } from "pg"
import { byThousands, type Contender, peerWorker } from "../Contender.ts"

const table = `
  CREATE TABLE jobs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_at timestamptz,
    priority integer NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer,
    queue text NOT NULL DEFAULT 'default',
    name text NOT NULL,
    state text NOT NULL DEFAULT 'ready',
    serialization_key text,
    payload jsonb NOT NULL,
    error text
  );
  CREATE INDEX jobs_ready ON jobs (queue, priority DESC, id) WHERE state = 'ready'`

export const plainSql: Contender = {
  name: "plain SQL",
  packages: ["pg"],
  settings:
    "one session: insert by 1,000 with unnest into a bare table like pgq's with its primary key " +
    "and one index; select and delete by 1,000",
  role: "limit",
  hasLanes: false,
  hasBulk: true,
  isAtDefaults: false,
  worker: (place, load) => peerWorker("plainSql", { ...place, load, isTuned: true }),
  open: async ({ url }) => {
    const client = new Client({ connectionString: url })
    client.on("error", () => {})
    await client.connect()
    await client.query(table)
    const add = (payloads: ReadonlyArray<string>) =>
      client.query({
        name: "add",
        text: "INSERT INTO jobs (name, payload) SELECT 'work', p FROM unnest($1::jsonb[]) AS p",
        values: [payloads]
      })
    return {
      bulk: (count, jobOf) =>
        byThousands(
          count,
          jobOf,
          (jobs) => add(jobs.map(({ payload }) => JSON.stringify(payload)))
        ),
      one: (payload) => add([JSON.stringify(payload)]),
      close: () => client.end()
    }
  }
}
