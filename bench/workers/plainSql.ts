/**
 * The same rows read and deleted by thousands from one session: no queue, but its limit.
 */
import { Client } from "pg"
import type { PeerOptions } from "../Contender.ts"
import { handle, type Payload } from "../Handler.ts"

export const work = async ({ url }: PeerOptions) => {
  const client = new Client({ connectionString: url })
  await client.connect()
  while (true) {
    const { rows } = await client.query<{ id: string; payload: Payload }>({
      name: "take",
      text: `SELECT id, name, payload FROM jobs
             WHERE queue = $1 AND state = 'ready' ORDER BY priority DESC, id LIMIT 1000`,
      values: ["default"]
    })
    for (const { payload } of rows) void handle(payload)
    if (rows.length > 0) {
      await client.query({
        name: "delete",
        text: "DELETE FROM jobs WHERE id = ANY ($1::bigint[])",
        values: [rows.map(({ id }) => id)]
      })
    } else await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
