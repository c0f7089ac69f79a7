/**
 * TLS to a server, by libpq's rules: which files count, and what is verified.
 */
import { Effect, Redacted } from "effect"
import { existsSync, readFileSync, statSync } from "node:fs"
import { isIP, type Socket } from "node:net"
import * as NodeTls from "node:tls"
import type { Host } from "../../../domain/ConninfoHosts.ts"
import type { Tls } from "../../../domain/ConninfoTls.ts"
import { underHome } from "./HomeFolder.ts"
import { ConnectFailed, failedBy, guarded } from "./PgWire.ts"

/**
 * Fails if a file on this machine is wrong. The files are read for each connection, so that they
 * may be replaced.
 */
export const options = (
  host: Host,
  tls: Tls
): Effect.Effect<NodeTls.ConnectionOptions, ConnectFailed> =>
  Effect.try({
    try: () => optionsOf(host, tls),
    // Without this, the file's error code would be taken for the socket's.
    catch: (error) =>
      new ConnectFailed({
        message: failedBy(error instanceof Error ? error : new Error(String(error))).message,
        code: undefined
      })
  }).pipe(
    Effect.filterOrFail(
      (options) => typeof options !== "string",
      (issue) => new ConnectFailed({ message: String(issue), code: undefined })
    )
  )

/** Encrypts a connected socket. */
export const encrypt = (
  socket: Socket,
  options: NodeTls.ConnectionOptions
): Effect.Effect<NodeTls.TLSSocket, ConnectFailed> =>
  Effect.callback((resume) => {
    const secure = guarded(NodeTls.connect({ ...options, socket }))
    const onError = (error: Error) => {
      const { code, message } = failedBy(error)
      resume(Effect.fail(new ConnectFailed({ message, code, isOfTls: true })))
    }
    const onClose = () => onError(new Error("the server closed the connection during TLS"))
    secure.once("error", onError).once("close", onClose).once("secureConnect", () => {
      secure.off("error", onError).off("close", onClose)
      // A server of another protocol may present the same certificate.
      if (options.ALPNProtocols !== undefined && secure.alpnProtocol !== "postgresql") {
        return onError(new Error("the server does not know sslnegotiation=direct"))
      }
      resume(Effect.succeed(secure))
    })
    return Effect.sync(() => secure.destroy())
  })

/** A text is an error message. */
const optionsOf = (host: Host, tls: Tls): NodeTls.ConnectionOptions | string => {
  const root = tls.isUnverified ? undefined : rootOf(tls)
  if (typeof root === "string") return root
  const isVerified = tls.mode.startsWith("verify") || root !== undefined
  const cert = tls.isCertSent ? file(tls.cert, "postgresql.crt") : undefined
  const key = cert === undefined ? undefined : file(tls.key, "postgresql.key")
  if (cert !== undefined && key === undefined) {
    return `sslcert ${cert} has no key; name it as sslkey`
  }
  if (key !== undefined && isOpen(key)) {
    return `sslkey ${key} may be read by others; make it chmod 0600`
  }
  const crl = isVerified ? file(tls.crl, "root.crl") : undefined
  return {
    ...root,
    rejectUnauthorized: isVerified,
    // The name is checked only for `verify-full`, and it is the host's name, not its address.
    checkServerIdentity: (_, certificate) =>
      tls.mode === "verify-full" ? NodeTls.checkServerIdentity(host.host, certificate) : undefined,
    servername: tls.isNameSent && isIP(host.host) === 0 ? host.host : "",
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(tls.keyPassword === undefined ? {} : { passphrase: Redacted.value(tls.keyPassword) }),
    ...(crl === undefined ? {} : { crl: readFileSync(crl) }),
    ...(tls.isDirect ? { ALPNProtocols: ["postgresql"] } : {}),
    minVersion: tls.minVersion,
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion })
  }
}

/** The trusted certificates: `undefined` trusts every certificate, `{}` uses Node's own list. */
const rootOf = (tls: Tls): { readonly ca?: Buffer } | undefined | string => {
  if (tls.rootCert === "system") {
    const bundle = systemBundles().find((path) => path !== undefined && existsSync(path))
    return bundle === undefined ? {} : { ca: readFileSync(bundle) }
  }
  const path = file(tls.rootCert, "root.crt")
  if (path !== undefined) return { ca: readFileSync(path) }
  if (tls.mode === "verify-full") return {}
  return tls.mode === "verify-ca"
    ? "sslmode=verify-ca needs the file of the CA as sslrootcert; verify-full goes without"
    : undefined
}

/** The first is OpenSSL's own variable, which libpq honours too. */
const systemBundles = () => [
  process.env["SSL_CERT_FILE"],
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem"
]

/** The named file; otherwise libpq's default file, if it exists. */
const file = (named: string | undefined, own: string): string | undefined => {
  if (named !== undefined) return named
  const path = underHome(".postgresql", own)
  return path !== undefined && existsSync(path) ? path : undefined
}

/** A key file that root owns may be readable by its group. */
const isOpen = (path: string): boolean => {
  const { mode, uid } = statSync(path)
  return (mode & (uid === 0 ? 0o037 : 0o077)) !== 0
}
