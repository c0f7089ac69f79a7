/**
 * The probes and the page of metrics of `pgq start --probes`.
 *
 * Tests `src/observe/Listener.ts`, `src/cli/process/ProbeClient.ts`,
 * `src/cli/process/Observed.ts` and `src/cli/process/ChildReports.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { dirname, join } from "node:path"
import { eventually } from "../Given.ts"
import * as ExpositionFormat from "../observe/ExpositionFormat.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Listening from "./Listening.ts"
import * as Pgq from "./Pgq.ts"

/** Of two jobs, one goes on until a file is there, whatever it is told. */
const script = `
import { existsSync } from "node:fs"
export const setupJobs = (queue, gate) => {
  queue.handle("quick", () => console.error("quick"))
  queue.handle("slow", () => new Promise((done) => {
    console.error("slow begins")
    const look = () => existsSync(gate) ? done() : setTimeout(look, 10)
    look()
  }))
}
`

/** A job script that has not loaded until a file is there. */
const slowScript = `
import { existsSync } from "node:fs"
export const setupJobs = (queue, gate) => new Promise((done) => {
  queue.handle("quick", () => {})
  const look = () => existsSync(gate) ? done() : setTimeout(look, 10)
  look()
})
`

const isOfHttp = (text: string) => text.includes("from \"node:http\"")

const eventuallyStatuses = (socket: string, expected: ReadonlyArray<number>) =>
  eventually(
    Effect.map(Listening.statuses(socket), (found) => assert.deepStrictEqual(found, expected))
  )

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("probes", (it) => {
  it.effect("answer those that kubernetes.yaml and jobs.service set up", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.js", script)
      const examples = [
        ["kubernetes.yaml", /"pgq", (.*)\]/],
        ["jobs.service", /pgq (start.*)/]
      ] as const
      for (const [name, command] of examples) {
        const text = readFileSync(join("examples", name), "utf8")
        const words = command.exec(text)![1]!.replaceAll(/[",]/g, "").split(" ")
        const socket = join(path, name)
        yield* Pgq.spawn([...words.slice(0, -1), `unix:${socket}`, ...flags], { cwd: path })
        const asked = Array.from(text.matchAll(/\/healthz\/\w+/g), ([path]) => path)

        assert.isNotEmpty(asked)
        yield* eventuallyStatuses(socket, [200, 200, 200])
        for (const probe of asked) {
          assert.strictEqual((yield* Listening.get(socket, probe)).status, 200, probe)
        }
      }
    }))

  it.effect("follow a process from its start to its end, also if pgq check asks", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", slowScript)
      const [socket, gate] = [join(path, "probes.sock"), join(path, "gate")]
      const args = ["start", ...flags, "-f", "jobs.mjs", "-a", gate, "--probes", "unix:probes.sock"]
      const files = ["-p", "app.pid", "--alive-file", "alive"]
      const queue = yield* Pgq.spawn([...args, ...files], { cwd: path })
      const ask = (...args: ReadonlyArray<string>) =>
        Effect.map(
          Pgq.run(["check", "--probe", ...args], { cwd: path }),
          ({ code, stderr, stdout }) => [code, stdout, stderr]
        )

      yield* eventuallyStatuses(socket, [503, 503, 200])
      assert.deepStrictEqual(yield* ask("startup", "-p", join(path, "app.pid")), [
        1,
        "ok    schema      fits\nFAIL  handlers    the job script has not loaded\n",
        ""
      ])
      writeFileSync(gate, "")
      yield* eventuallyStatuses(socket, [200, 200, 200])
      assert.isTrue(existsSync(join(path, "alive")))
      const [code, stdout] = yield* ask("ready", "--probes", `unix:${socket}`)
      assert.strictEqual(code, 0)
      assert.match(
        String(stdout),
        /^ok {4}running {5}works\nok {4}lease {7}renewed \(\S+ s ago\)\nok {4}database {4}answers/
      )

      const { body, type } = yield* Listening.get(socket, "/healthz/ready")
      assert.strictEqual(type, "application/json")
      const { checks, status } = JSON.parse(body)
      assert.strictEqual(status, "ok")
      assert.deepStrictEqual(
        checks.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok]),
        [["running", true], ["lease", true], ["database", true]]
      )
      yield* queue.kill("SIGHUP")
      assert.strictEqual((yield* queue.exit).code, 0)
      assert.deepStrictEqual(yield* Listening.statuses(socket), [0, 0, 0])
      assert.deepStrictEqual(
        yield* ask("live", "--probes", "unix:probes.sock"),
        [1, "", "pgq: unix:probes.sock does not answer: ENOENT\n"]
      )
    }))

  it.effect("say at once that a process stops, which lives on until its jobs have ended", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const [socket, gate] = [join(path, "probes.sock"), join(path, "gate")]
      const args = ["start", ...flags, "-f", "jobs.mjs", "-a", gate, "--probes", `unix:${socket}`]
      const queue = yield* Pgq.spawn(args, { cwd: path })
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('slow')`
      yield* queue.line(/^slow begins$/)

      yield* queue.kill("SIGINT")
      yield* queue.line(/event=stop.requested/)
      yield* eventuallyStatuses(socket, [200, 503, 200])
      writeFileSync(gate, "")
      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect("have a page of metrics beside them, and answer nothing else", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const socket = join(path, "probes.sock")
      // A process that was killed leaves its socket behind.
      write("probes.sock", "")
      const args = ["start", ...flags, "-f", "jobs.mjs", "--probes", `unix:${socket}`]
      const queue = yield* Pgq.spawn(args, { cwd: path })
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('quick')`
      yield* queue.line(/^quick$/)

      const families = yield* eventually(
        Effect.gen(function*() {
          const { body, type } = yield* Listening.get(socket, "/metrics")
          const families = ExpositionFormat.parse(body)
          assert.strictEqual(type, "text/plain; version=0.0.4; charset=utf-8")
          const settled = families.get("pgq_job_settled_total")?.samples
            .find(({ labels }) => labels["pgq_outcome"] === "completed")
          assert.strictEqual(settled?.value, 1)
          return families
        })
      )
      assert.isTrue(families.has("pgq_worker_slots"))
      const others = yield* Effect.all([
        Listening.get(socket, "/"),
        Listening.get(socket, "/healthz/ready?verbose"),
        Listening.get(socket, "/metrics", "HEAD"),
        Listening.get(socket, "/metrics", "POST")
      ])
      assert.deepStrictEqual(others.map(({ status }) => status), [404, 200, 200, 405])
      assert.strictEqual(others[2].body, "")
    }))

  it.effect("are refused in one sentence where the address is taken or is none", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const taken = yield* Effect.acquireRelease(
        Effect.callback<ReturnType<typeof createServer>>((resume) => {
          const server = createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = taken.address()
      const port = typeof address === "object" ? address?.port : undefined
      const start = (probes: string) =>
        Pgq.run(["start", ...flags, "-f", "jobs.mjs", "--probes", probes], { cwd: path })

      const busy = yield* start(`127.0.0.1:${port}`)
      assert.deepStrictEqual([busy.code, busy.stderr], [
        1,
        `pgq: --probes: 127.0.0.1:${port} is in use: another process listens there\n`
      ])
      const missing = yield* start("unix:/nowhere/probes.sock")
      assert.strictEqual(missing.code, 1)
      assert.match(missing.stderr, /^pgq: --probes: cannot listen on unix:\/nowhere\S+: E\w+\n$/)
      const wrong = yield* start("7471")
      assert.strictEqual(wrong.code, 2)
      assert.match(wrong.stderr, /"7471" is not an address such as 127\.0\.0\.1:7471/)
    }))

  it("are loaded only where somebody asks for them", () => {
    const bundle = join(dirname(Pgq.bin), "bundle")
    const loaded = (file: string): ReadonlyArray<string> => {
      const text = readFileSync(join(bundle, file), "utf8")
      const imported = Array.from(text.matchAll(/from "\.\/([^"]+)"/g), ([, name = ""]) => name)
      return [text, ...imported.flatMap(loaded)]
    }
    assert.isFalse(loaded("main.js").some(isOfHttp))
    assert.isTrue(readdirSync(bundle).some((file) => loaded(file).some(isOfHttp)))
  })

  it.effect("of several processes are answered by their parent, which lists each", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const socket = join(path, "probes.sock")
      const args = ["start", ...flags, "-f", "jobs.mjs", "-q", "2", "--probes", `unix:${socket}`]
      const queue = yield* Pgq.spawn(args, { cwd: path })
      yield* queue.line(/working on default/, 2)
      yield* sql`INSERT INTO ${table("jobs")} (name) SELECT 'quick' FROM generate_series(1, 40)`
      yield* queue.line(/^quick$/, 40)

      yield* eventuallyStatuses(socket, [200, 200, 200])
      yield* eventually(Effect.gen(function*() {
        const { body } = yield* Listening.get(socket, "/healthz/ready")
        assert.deepStrictEqual(
          JSON.parse(body).checks.map(({ name, ok }: { name: string; ok: boolean }) => [name, ok]),
          [["process 1", true], ["process 2", true]]
        )
        const families = ExpositionFormat.parse((yield* Listening.get(socket, "/metrics")).body)
        const claimed = families.get("messaging_client_consumed_messages_total")?.samples ?? []
        assert.deepStrictEqual(claimed.map(({ labels }) => labels["pgq_process"]), ["1", "2"])
        const completed = families.get("pgq_job_settled_total")?.samples
          .filter(({ labels }) => labels["pgq_outcome"] === "completed") ?? []
        assert.strictEqual(completed.reduce((sum, { value }) => sum + value, 0), 40)
      }))
      yield* queue.kill("SIGTERM")
      assert.strictEqual((yield* queue.exit).code, 0)
    }))
})
