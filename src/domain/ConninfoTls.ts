/**
 * The encryption of a connection and the checks of the server's certificate, as in libpq.
 */
import { Redacted, Result } from "effect"
import { type Parameters, shown } from "./ConninfoParameters.ts"

/** `require` encrypts, `verify-ca` checks the certificate, `verify-full` also checks its name. */
export const sslModes = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full"
] as const
export type SslMode = typeof sslModes[number]

const versions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const
type Version = typeof versions[number]

/** The names of files, which are read for each connection. `undefined` is libpq's default. */
export interface Tls {
  readonly mode: SslMode
  /** Starts TLS without asking the server first. */
  readonly isDirect: boolean
  /** A file, or `system` for the certificates that this machine trusts. */
  readonly rootCert: string | undefined
  /** The certificate is not checked, even if a file of root certificates exists. */
  readonly isUnverified: boolean
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly keyPassword: Redacted.Redacted | undefined
  readonly isCertSent: boolean
  readonly crl: string | undefined
  readonly isNameSent: boolean
  readonly minVersion: Version
  readonly maxVersion: Version | undefined
}

export const tls = (given: Parameters): Result.Result<Tls, string> => {
  const isSystem = given.sslrootcert === "system"
  // node-postgres's name for libpq's `require` without a file of root certificates.
  const isUnverified = given.sslmode === "no-verify"
  const named = isUnverified ? "require" : given.sslmode || (isSystem ? "verify-full" : "prefer")
  const mode = sslModes.find((one) => one === named)
  const minVersion = version(given.ssl_min_protocol_version || "TLSv1.2")
  const maxVersion = version(given.ssl_max_protocol_version || "TLSv1.3")
  if (mode === undefined || minVersion === undefined || maxVersion === undefined) {
    return Result.fail(
      mode === undefined
        ? `sslmode${shown(given.sslmode)} is not one of ${sslModes.join(", ")}`
        : `ssl_min_protocol_version and ssl_max_protocol_version are of ${versions.join(", ")}`
    )
  }
  const issue = conflict(given, mode, isSystem && !isUnverified)
  return issue !== undefined ? Result.fail(issue) : Result.succeed({
    mode,
    isDirect: given.sslnegotiation === "direct",
    rootCert: given.sslrootcert || undefined,
    isUnverified,
    cert: given.sslcert || undefined,
    key: given.sslkey || undefined,
    keyPassword: given.sslpassword ? Redacted.make(given.sslpassword) : undefined,
    isCertSent: given.sslcertmode !== "disable",
    crl: given.sslcrl || undefined,
    isNameSent: given.sslsni !== "0",
    minVersion,
    maxVersion: given.ssl_max_protocol_version ? maxVersion : undefined
  })
}

const conflict = (given: Parameters, mode: SslMode, isSystem: boolean): string | undefined => {
  if (isSystem && mode !== "verify-full") {
    return `sslmode=${mode} is too weak for sslrootcert=system, which needs verify-full`
  }
  if (given.sslnegotiation === "direct" && ["disable", "allow", "prefer"].includes(mode)) {
    return `sslmode=${mode} is too weak for sslnegotiation=direct, which needs require`
  }
  if (given.sslcertmode === "require") {
    return "sslcertmode=require is not supported: " +
      "Node does not tell whether a certificate was asked for"
  }
  if (given.sslcompression === "1") {
    return "sslcompression=1 is not supported: Node does not compress"
  }
  return undefined
}

const version = (text: string): Version | undefined =>
  versions.find((one) => one.toLowerCase() === text.toLowerCase())
