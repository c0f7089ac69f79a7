/**
 * A PgBouncer in transaction mode in front of the server.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { existsSync, statSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { signal } from "./Crew.ts"
import type { Server } from "./Server.ts"

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].find((path) => existsSync(path))

export const isThere = program !== undefined

/** Answers its port on the loopback device. */
export const open = Effect.fnUntraced(function*(folder: string, server: Server) {
  const port = yield* freePort
  const file = join(folder, "pgbouncer.ini")
  writeFileSync(file, settings(server, port))
  // It refuses to run as root, and only the server's user may enter the socket's folder.
  const { gid, uid } = statSync(server.socket.path)
  yield* Effect.acquireRelease(
    Effect.sync(() => spawn(program ?? "", ["-q", file], { stdio: "ignore", uid, gid })),
    ({ pid }) => Effect.sync(() => pid !== undefined && signal(pid, "SIGKILL"))
  )
  return port
})

const settings = ({ password, socket, user }: Server, port: number) => `
[databases]
postgres = host=${socket.folder} dbname=postgres user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
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
