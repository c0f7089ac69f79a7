/**
 * Whether a server is of the kind that `target_session_attrs` asks for.
 */
import { Effect } from "effect"
import type { Socket } from "node:net"
import type { Target } from "../../../domain/ConninfoValues.ts"
import { ConnectFailed, read, refusal } from "./PgWire.ts"

/** Every new session asks, because a failover changes a server's kind. */
export const suits = Effect.fnUntraced(function*(socket: Socket, target: Target) {
  if (target === "any") return
  socket.write(
    query("SELECT pg_catalog.pg_is_in_recovery(), current_setting('transaction_read_only')")
  )
  const [isStandby, isReadOnly] = yield* firstRow(socket)
  const fits = {
    "read-write": isReadOnly === "off",
    "read-only": isReadOnly === "on",
    primary: isStandby === "f",
    standby: isStandby === "t"
  }
  if (target === "prefer-standby" || fits[target]) return
  return yield* new ConnectFailed({
    message: `the server is ${isStandby === "t" ? "a standby" : "a primary"}${
      isStandby === "f" && isReadOnly === "on" ? " that is read-only" : ""
    }, and target_session_attrs is ${target}`,
    code: "57P03"
  })
})

const query = (text: string): Buffer => {
  const bytes = Buffer.from(`Q\0\0\0\0${text}\0`)
  bytes.writeInt32BE(bytes.length - 1, 1)
  return bytes
}

/** The texts of a row without nulls. */
const firstRow = Effect.fnUntraced(function*(socket: Socket) {
  let texts: ReadonlyArray<string> = []
  while (true) {
    const message = yield* read(socket)
    if (message.type === "E") return yield* refusal(message)
    if (message.type === "Z") return texts
    if (message.type === "D") texts = textsOf(message.body)
  }
})

const textsOf = (row: Buffer): ReadonlyArray<string> => {
  const texts: Array<string> = []
  let at = 2
  while (at + 4 <= row.length) {
    const end = at + 4 + Math.max(0, row.readInt32BE(at))
    texts.push(row.toString("utf8", at + 4, end))
    at = end
  }
  return texts
}
