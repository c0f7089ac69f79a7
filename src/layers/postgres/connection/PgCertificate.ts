/**
 * The data that channel binding needs: the hash of the server's certificate, by the hash function
 * that signed it (RFC 5929).
 */
import { createHash } from "node:crypto"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"

/**
 * `undefined` if the connection is not encrypted, or if the certificate's signature uses no hash.
 */
export const binding = (socket: Socket): Buffer | undefined => {
  const raw = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined
  const hash = raw === undefined ? undefined : hashOf(signature(raw).toString("hex"))
  return raw === undefined || hash === undefined ? undefined : createHash(hash).update(raw).digest()
}

/** RFC 5929 replaces a broken hash function with SHA-256. */
const hashOf = (algorithm: string): string | undefined =>
  byAlgorithm.find(([oid]) => algorithm.includes(oid))?.[1]

const rsa = "06092a864886f70d0101"
const ecdsa = "2a8648ce3d04"
const sha2 = "0609608648016503040"
const byAlgorithm: ReadonlyArray<readonly [oid: string, hash: string]> = [
  [`${rsa}04`, "sha256"],
  [`${rsa}05`, "sha256"],
  [`${rsa}0b`, "sha256"],
  [`${rsa}0c`, "sha384"],
  [`${rsa}0d`, "sha512"],
  [`${rsa}0e`, "sha224"],
  [`0607${ecdsa}01`, "sha256"],
  [`0608${ecdsa}0301`, "sha224"],
  [`0608${ecdsa}0302`, "sha256"],
  [`0608${ecdsa}0303`, "sha384"],
  [`0608${ecdsa}0304`, "sha512"],
  // RSASSA-PSS names its hash function among its parameters.
  [`${sha2}201`, "sha256"],
  [`${sha2}202`, "sha384"],
  [`${sha2}203`, "sha512"]
]

/** A certificate is a sequence of the signed part, the algorithm, and the signature. */
const signature = (certificate: Buffer): Buffer => {
  const signed = contents(certificate)
  const { end: start } = extent(signed)
  const rest = signed.subarray(start)
  return rest.subarray(0, extent(rest).end)
}

const contents = (der: Buffer): Buffer => {
  const { end, start } = extent(der)
  return der.subarray(start, end)
}

/** The range of the first element's contents. */
const extent = (der: Buffer): { readonly start: number; readonly end: number } => {
  const first = der[1] ?? 0
  const long = first < 0x80 ? 0 : first - 0x80
  const length = long === 0 ? first : der.readUIntBE(2, Math.min(long, 6))
  return { start: 2 + long, end: 2 + long + length }
}
