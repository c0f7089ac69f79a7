/**
 * SCRAM-SHA-256 with channel binding: the driver's own implementation cannot bind to the server's
 * certificate, and some platforms require it.
 */
import { Effect, Result } from "effect"
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto"

export interface Proof {
  readonly mechanism: string
  readonly first: string
  /**
   * Answers the server's challenge. `expected` is the proof that the server must send in return.
   */
  readonly answer: (
    challenge: string
  ) => Effect.Effect<{ readonly final: string; readonly expected: Buffer }, string>
}

/** The hash of the server's certificate, or the reason why there is no binding. */
export type Binding = Buffer | "not offered" | "none"

/**
 * A client that supports binding and is not offered it says so in its message. The server then
 * detects an attacker who removed the offer.
 */
export const make = (password: string, to: Binding): Proof => {
  const binding = typeof to === "string" ? undefined : to
  const header = binding !== undefined
    ? "p=tls-server-end-point,,"
    : to === "not offered"
    ? "y,,"
    : "n,,"
  const nonce = randomBytes(18).toString("base64")
  const bare = `n=,r=${nonce}`
  const bound = Buffer.concat([Buffer.from(header), binding ?? Buffer.alloc(0)]).toString("base64")
  return {
    mechanism: binding === undefined ? "SCRAM-SHA-256" : "SCRAM-SHA-256-PLUS",
    first: header + bare,
    answer: (challenge) =>
      Effect.gen(function*() {
        const { iterations, nonce: both, salt } = yield* Effect.fromResult(read(challenge, nonce))
        const salted = yield* saltedOf(password.normalize("NFKC"), salt, iterations)
        const clientKey = hmac(salted, "Client Key")
        const storedKey = createHash("sha256").update(clientKey).digest()
        const unproven = `c=${bound},r=${both}`
        const exchange = `${bare},${challenge},${unproven}`
        const signature = hmac(storedKey, exchange)
        const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))
        return {
          final: `${unproven},p=${Buffer.from(proof).toString("base64")}`,
          expected: hmac(hmac(salted, "Server Key"), exchange)
        }
      })
  }
}

/** Runs on Node's thread pool, because the server chooses the number of rounds. */
const saltedOf = (
  password: string,
  salt: Buffer,
  iterations: number
): Effect.Effect<Buffer, string> =>
  Effect.callback((resume) =>
    pbkdf2(
      password,
      salt,
      iterations,
      32,
      "sha256",
      (error, key) => resume(error === null ? Effect.succeed(key) : Effect.fail(error.message))
    )
  )

/** Whether the server has proved that it knows the password. */
export const isProven = (last: string, expected: Buffer): boolean => {
  const shown = Buffer.from(attributes(last).get("v") ?? "", "base64")
  return shown.length === expected.length && timingSafeEqual(shown, expected)
}

/** The most rounds that an untrusted server may ask for. */
const iterationsMax = 1_000_000

const read = (challenge: string, own: string) => {
  const given = attributes(challenge)
  const nonce = given.get("r") ?? ""
  const salt = Buffer.from(given.get("s") ?? "", "base64")
  const iterations = Number(given.get("i"))
  return nonce.length <= own.length || !nonce.startsWith(own) || salt.length === 0
    ? Result.fail("the server's challenge is not an answer to this client")
    : !Number.isInteger(iterations) || iterations < 1 || iterations > iterationsMax
    ? Result.fail(`the server asks for ${iterations} rounds of SCRAM`)
    : Result.succeed({ nonce, salt, iterations })
}

const attributes = (message: string): ReadonlyMap<string, string> =>
  new Map(message.split(",").map((part) => [part.slice(0, 1), part.slice(2)]))

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest()
