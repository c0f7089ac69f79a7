/**
 * A PgBouncer in front of the server, in transaction mode by default.
 */
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import { existsSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import type { Server } from "./Server.ts"

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find((path) => existsSync(path))

export const isThere = program !== undefined

export interface Bouncer {
  /** The port on the loopback device. */
  readonly port: number
  /** Kills PgBouncer with SIGKILL, and starts another one at once. */
  readonly crash: Effect.Effect<void>
}

export const open = Effect.fnUntraced(function*(
  folder: string,
  server: Server,
  mode: "transaction" | "statement" = "transaction"
): Effect.fn.Return<Bouncer, never, Scope.Scope> {
  const port = yield* freePort
  const file = join(folder, "pgbouncer.ini")
  writeFileSync(file, settings(server, port, mode))
  // PgBouncer refuses to run as root. Only the server's user may enter the socket's folder.
  const { gid, uid } = statSync(server.socket.path)
  const start = () => spawn(program ?? "", ["-q", file], { stdio: "ignore", uid, gid })
  let running = start()
  const kill = Effect.callback<void>((resume) => {
    running.once("exit", () => resume(Effect.void))
    // The process may have ended by itself.
    if (!running.kill("SIGKILL")) resume(Effect.void)
  })
  yield* Effect.addFinalizer(() => kill)
  return { port, crash: Effect.andThen(kill, Effect.sync(() => void (running = start()))) }
})

const settings = ({ password, socket, user }: Server, port: number, mode: string) => `
[databases]
postgres = host=${socket.folder} dbname=postgres user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
max_client_conn = 500
default_pool_size = 20
server_login_retry = 1
`

const freePort = Effect.callback<number>((resume) => {
  const listener = createServer()
  listener.listen(0, "127.0.0.1", () => {
    const address = listener.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    listener.close(() => resume(Effect.succeed(port)))
  })
})
