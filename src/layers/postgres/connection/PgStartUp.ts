/**
 * The start of a session, in place of the driver's. It answers the server's request for a password
 * and keeps the server's messages, so that the driver receives them together.
 */
import { PgAuth, PgProtocol } from "@effect/sql-pg"
import { Effect, Redacted, Result } from "effect"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import type { Conninfo } from "../../../domain/Conninfo.ts"
import type { Way } from "../../../domain/ConninfoAuth.ts"
import * as PgCertificate from "./PgCertificate.ts"
import * as PgScram from "./PgScram.ts"
import { ConnectFailed, type Message, read, refusal } from "./PgWire.ts"

/**
 * Answers the server's messages from its consent on, and the key that cancels the session. `packet`
 * is the driver's first message.
 */
export const startUp = Effect.fnUntraced(
  function*(socket: Socket, packet: Buffer, conninfo: Conninfo) {
    socket.write(packet)
    const greeting: Array<Buffer> = []
    let key: Buffer | undefined
    let isAsked = false
    while (true) {
      const message = yield* read(socket)
      if (message.type === "E") return yield* refusal(message)
      if (message.type === "R" && message.body.readInt32BE(0) !== 0) {
        isAsked = true
        yield* answer(socket, message, conninfo)
        continue
      }
      if (message.type === "R" && !isAsked) yield* demand(conninfo, "none")
      greeting.push(message.bytes)
      if (message.type === "K") key = message.body
      if (message.type === "Z") return { greeting: Buffer.concat(greeting), key }
    }
  }
)

const answer = Effect.fnUntraced(
  function*(socket: Socket, { body }: Message, conninfo: Conninfo) {
    const kind = body.readInt32BE(0)
    switch (kind) {
      case 3: {
        yield* demand(conninfo, "password")
        const password = yield* secret(conninfo)
        return socket.write(PgProtocol.encodePasswordMessage({ password }))
      }
      case 5: {
        yield* demand(conninfo, "md5")
        const password = yield* secret(conninfo)
        const hashed = PgAuth.md5Password({
          user: conninfo.user,
          password,
          salt: body.subarray(4, 8)
        })
        if (Result.isFailure(hashed)) return yield* failed(hashed.failure.message)
        return socket.write(PgProtocol.encodePasswordMessage({ password: hashed.success }))
      }
      case 10:
        yield* demand(conninfo, "scram-sha-256")
        return yield* scram(socket, body.subarray(4).toString().split("\0"), conninfo)
      default:
        return yield* failed(
          `the server asks for ${kinds.get(kind) ?? kind}, which pgq does not have`
        )
    }
  }
)

const kinds = new Map([[2, "Kerberos"], [7, "GSSAPI"], [9, "SSPI"]])

/**
 * The server's proof is checked too: it shows that the messages that follow come from the right
 * server.
 */
const scram = Effect.fnUntraced(
  function*(socket: Socket, mechanisms: ReadonlyArray<string>, conninfo: Conninfo) {
    const binding = yield* bindingFor(socket, mechanisms, conninfo)
    const proof = PgScram.make(yield* secret(conninfo), binding)
    const initialResponse = Buffer.from(proof.first)
    socket.write(
      PgProtocol.encodeSASLInitialResponse({ mechanism: proof.mechanism, initialResponse })
    )
    const challenge = yield* said(socket, 11)
    const { expected, final } = yield* Effect.catch(proof.answer(challenge), failed)
    socket.write(PgProtocol.encodeSASLResponse({ data: Buffer.from(final) }))
    if (!PgScram.isProven(yield* said(socket, 12), expected)) {
      return yield* failed("the server does not know the password itself")
    }
  }
)

const bindingFor = Effect.fnUntraced(
  function*(socket: Socket, mechanisms: ReadonlyArray<string>, { auth }: Conninfo) {
    const isOffered = mechanisms.includes("SCRAM-SHA-256-PLUS")
    const binding = isOffered && auth.channelBinding !== "disable"
      ? PgCertificate.binding(socket)
      : undefined
    if (binding === undefined && auth.channelBinding === "require") {
      return yield* failed("channel_binding=require, and the server cannot be bound to")
    }
    if (binding === undefined && !mechanisms.includes("SCRAM-SHA-256")) {
      return yield* failed(`the server knows only ${mechanisms.filter(Boolean).join(", ")}`)
    }
    if (binding !== undefined) return binding
    const wouldBind = socket instanceof TLSSocket && auth.channelBinding !== "disable"
    return wouldBind && !isOffered ? "not offered" : "none"
  }
)

const said = Effect.fnUntraced(function*(socket: Socket, kind: number) {
  const message = yield* read(socket)
  if (message.type === "E") return yield* refusal(message)
  return message.type === "R" && message.body.readInt32BE(0) === kind
    ? message.body.subarray(4).toString()
    : yield* failed("the server breaks off SCRAM")
})

const demand = ({ auth }: Conninfo, way: Way) =>
  !auth.allowed.has(way)
    ? failed(`the server ${asking[way]}, which require_auth does not allow`)
    : auth.channelBinding === "require" && way !== "scram-sha-256"
    ? failed("channel_binding=require, and the server does not ask for SCRAM")
    : Effect.void

const asking: Readonly<Record<Way, string>> = {
  none: "asks for no password",
  password: "asks for the password itself",
  md5: "asks for the password's md5",
  "scram-sha-256": "asks for scram-sha-256"
}

const secret = ({ password }: Conninfo) =>
  password === undefined
    ? failed("the server asks for a password, and none is given")
    : Effect.succeed(Redacted.value(password))

const failed = (message: string) => Effect.fail(new ConnectFailed({ message, code: undefined }))
