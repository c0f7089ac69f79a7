/**
 * Mutants of the way in which a connection is made.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofConnections: ReadonlyArray<Mutant> = [
  {
    name: "takes-any-certificate",
    of: "proofs",
    changes: [{
      file: "src/layers/postgres/connection/PgTls.ts",
      from: `tls.mode.startsWith("verify") || root !== undefined`,
      to: "false"
    }],
    by: [test("layers/PgTransport", "takes a certificate that the named CA signed, and no other")]
  },
  {
    name: "takes-any-name",
    of: "proofs",
    changes: [{
      file: "src/layers/postgres/connection/PgTls.ts",
      from: `tls.mode === "verify-full" ? NodeTls`,
      to: "false ? NodeTls"
    }],
    by: [test("layers/PgTransport", "takes a certificate that the named CA signed, and no other")]
  },
  {
    name: "reads-what-came-before-tls",
    of: "proofs",
    changes: [{
      file: "src/layers/postgres/connection/PgSocket.ts",
      from: " || socket.readableLength > 0",
      to: ""
    }],
    by: [test("layers/PgHandshake", "is not believed")]
  },
  {
    name: "believes-a-server-without-its-proof",
    of: "proofs",
    changes: [{
      file: "src/layers/postgres/connection/PgStartUp.ts",
      from: "!PgScram.isProven(yield* said(socket, 12), expected)",
      to: `(yield* said(socket, 12)) === ""`
    }],
    by: [test("layers/PgHandshake", "is not believed")]
  },
  {
    name: "answers-to-any-way-to-sign-on",
    of: "proofs",
    changes: [{
      file: "src/layers/postgres/connection/PgStartUp.ts",
      from: "!auth.allowed.has(way)",
      to: "false"
    }],
    by: [test("layers/PgHandshake", "never gets a password in the open")]
  },
  {
    name: "works-on-any-server",
    of: "rightServer",
    changes: [{
      file: "src/layers/postgres/connection/PgServer.ts",
      from: "            yield* suits(socket, target)\n",
      to: ""
    }],
    by: [test("layers/PgTransport", "says of each server why it is not the one")]
  },
  {
    name: "asks-all-servers-after-a-refusal",
    of: "rightServer",
    changes: [{
      file: "src/layers/postgres/connection/PgServer.ts",
      from: "if (isFinal(",
      to: "if (false && ("
    }],
    by: [test("layers/PgServer", "asks no further server once one has turned it away")]
  },
  {
    name: "cancels-on-any-server",
    of: "rightServer",
    changes: [{
      file: "src/layers/postgres/connection/PgTransport.ts",
      from: "PgSocket.connect(conninfo, place.host,",
      to: "PgSocket.connect(conninfo, conninfo.hosts.at(-1) ?? place.host,"
    }],
    by: [test("layers/PgServer", "cancels on the server of the session")]
  },
  {
    name: "hides-that-it-would-bind",
    of: "proofs",
    changes: [{
      file: "src/layers/postgres/connection/PgStartUp.ts",
      from: `wouldBind && !isOffered ? "not offered"`,
      to: `wouldBind && !isOffered ? "none"`
    }],
    by: [test("layers/PgHandshake", "is told that a client would bind its proof")]
  },
  {
    name: "reads-a-password-file-of-others",
    of: "passwordFile",
    changes: [{
      file: "src/cli/ConnectionFiles.ts",
      from: "(stats.mode & 0o077) !== 0",
      to: "false"
    }],
    by: [test("cli/connections", "a password file gives the password")]
  }
]
