/**
 * A queue that finds its server by a service file, with TLS. The file names a dead server and a
 * standby first.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync } from "node:fs"
import { OpenServer } from "../support/OpenServer.ts"
import * as Open from "../support/OpenServer.ts"
import * as Pgq from "./Pgq.ts"

const script = `export const setupJobs = (queue) =>
  queue.handle("greet", ({ name }) => console.error("greeted " + name))`

layer(Open.layer, { excludeTestServices: true, timeout: "60 seconds" })("servers", (it) => {
  it.effect("are tried in turn by every process of a queue", () =>
    Effect.gen(function*() {
      const { closedPort, file, password, port, standbyPort } = yield* OpenServer
      const { path, write } = yield* Pgq.folder
      const services = write(
        "services.conf",
        `[app]\nhost=localhost,localhost,localhost\nhostaddr=127.0.0.1,127.0.0.1,127.0.0.1\n` +
          `port=${closedPort},${standbyPort},${port}\ntarget_session_attrs=read-write\nuser=pgq\n` +
          `dbname=postgres\nsslmode=verify-full\nsslrootcert=${file("ca.crt")}\n` +
          `channel_binding=require\n`
      )
      chmodSync(write(".pgpass", `localhost:*:postgres:pgq:${password}\n`), 0o600)
      write("jobs.mjs", script)
      const options = { cwd: path, env: { HOME: path, PGSERVICEFILE: services } }
      const flags = ["-c", "service=app"]
      const migrated = yield* Pgq.run(["migrate", ...flags], options)
      assert.strictEqual(migrated.code, 0, migrated.stderr)

      const queue = yield* Pgq.spawn(["start", "-f", "jobs.mjs", "-q", "2", ...flags], options)
      yield* queue.line(/kill -TERM/)
      const added = yield* Pgq.run(["enqueue", "greet", `{"name": "Ada"}`, ...flags], options)
      assert.strictEqual(added.stdout, "1\n", added.stderr)
      yield* queue.line(/^greeted Ada$/)
      yield* queue.kill("SIGTERM")
      assert.strictEqual((yield* queue.exit).code, 0)
      assert.notInclude(queue.stderr(), "warn")
    }))
})
