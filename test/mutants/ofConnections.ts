/**
 * Mutants of how a connection is made.
 */
import { killed, type Mutant } from "./Mutant.ts"

export const ofConnections: ReadonlyArray<Mutant> = [
  {
    name: "takes-any-certificate",
    changes: [{
      file: "src/layers/postgres/connection/PgTls.ts",
      from: `tls.mode.startsWith("verify") || root !== undefined`,
      to: "false"
    }],
    test: killed("layers/PgTransport", "takes a certificate that the named CA signed, and no other")
  },
  {
    name: "takes-any-name",
    changes: [{
      file: "src/layers/postgres/connection/PgTls.ts",
      from: `tls.mode === "verify-full" ? NodeTls`,
      to: "false ? NodeTls"
    }],
    test: killed("layers/PgTransport", "takes a certificate that the named CA signed, and no other")
  },
  {
    name: "reads-what-came-before-tls",
    changes: [{
      file: "src/layers/postgres/connection/PgSocket.ts",
      from: " || socket.readableLength > 0",
      to: ""
    }],
    test: killed("layers/PgHandshake", "is not believed")
  },
  {
    name: "believes-a-server-without-its-proof",
    changes: [{
      file: "src/layers/postgres/connection/PgStartUp.ts",
      from: "!PgScram.isProven(yield* said(socket, 12), expected)",
      to: `(yield* said(socket, 12)) === ""`
    }],
    test: killed("layers/PgHandshake", "is not believed")
  },
  {
    name: "answers-to-any-way-to-sign-on",
    changes: [{
      file: "src/layers/postgres/connection/PgStartUp.ts",
      from: "!auth.allowed.has(way)",
      to: "false"
    }],
    test: killed("layers/PgHandshake", "never gets a password in the open")
  },
  {
    name: "works-on-any-server",
    changes: [{
      file: "src/layers/postgres/connection/PgServer.ts",
      from: "            yield* suits(socket, target)\n",
      to: ""
    }],
    test: killed("layers/PgTransport", "says of each server why it is not the one")
  },
  {
    name: "asks-all-servers-after-a-refusal",
    changes: [{
      file: "src/layers/postgres/connection/PgServer.ts",
      from: "if (isFinal(",
      to: "if (false && ("
    }],
    test: killed("layers/PgServer", "asks no further server once one has turned it away")
  },
  {
    name: "cancels-on-any-server",
    changes: [{
      file: "src/layers/postgres/connection/PgTransport.ts",
      from: "PgSocket.connect(conninfo, place.host,",
      to: "PgSocket.connect(conninfo, conninfo.hosts.at(-1) ?? place.host,"
    }],
    test: killed("layers/PgServer", "cancels on the server of the session")
  },
  {
    name: "hides-that-it-would-bind",
    changes: [{
      file: "src/layers/postgres/connection/PgStartUp.ts",
      from: `wouldBind && !isOffered ? "not offered"`,
      to: `wouldBind && !isOffered ? "none"`
    }],
    test: killed("layers/PgHandshake", "is told that a client would bind its proof")
  },
  {
    name: "reads-a-password-file-of-others",
    changes: [{
      file: "src/cli/ConnectionFiles.ts",
      from: "(stats.mode & 0o077) !== 0",
      to: "false"
    }],
    test: killed("cli/connections", "a password file gives the password")
  }
]
