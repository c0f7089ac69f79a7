/**
 * A session that sends statements as psql does: as plain text, with rows after a COPY. The client
 * of the other sessions cannot send such rows.
 */
import { PgProtocol } from "@effect/sql-pg"
import { Effect } from "effect"
import * as PgServer from "../../src/layers/postgres/connection/PgServer.ts"
import { read } from "../../src/layers/postgres/connection/PgWire.ts"
import { conninfo } from "./ByConninfo.ts"
import { TestDatabase } from "./Postgres.ts"

export type PlainSession = Effect.Success<typeof open>

/** The server's error for a statement. All fields are absent if the statement succeeded. */
export interface Said {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly hint?: string | undefined
}

/** Opens a connection that closes with the scope. */
export const open = Effect.gen(function*() {
  const to = conninfo((yield* TestDatabase).url)
  const hello = PgProtocol.encodeStartupMessage({ user: to.user, database: to.dbname })
  const { socket } = yield* Effect.acquireRelease(
    PgServer.open(to, Buffer.from(hello), undefined),
    ({ socket }) => Effect.sync(() => socket.end(PgProtocol.encodeTerminate()))
  )

  const tell = Effect.fnUntraced(function*(statement: string, rows = "") {
    socket.write(message("Q", `${statement}\0`))
    let said: Said = {}
    for (;;) {
      const { body, type } = yield* read(socket)
      if (type === "E") said = refusal(body)
      // The server waits for the rows of a COPY.
      if (type === "G") socket.write(Buffer.concat([message("d", rows), message("c", "")]))
      if (type === "Z") return said
    }
  })
  return { tell }
})

const message = (type: string, body: string): Buffer => {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`)
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}

const refusal = (body: Buffer): Said => {
  const fields = new Map(
    body.toString().split("\0").map((field) => [field.slice(0, 1), field.slice(1)])
  )
  return { code: fields.get("C"), message: fields.get("M"), hint: fields.get("H") }
}
