/**
 * The database behind an API that lets everybody do everything, asked through the connections of
 * `pgq api --read-only`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as ApiClient from "../../src/cli/api/ApiClient.ts"
import * as Database from "../../src/cli/Database.ts"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { Operations } from "../../src/services/Operations.ts"
import { enqueue } from "../Given.ts"
import * as ByConninfo from "../support/ByConninfo.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Socket from "./Socket.ts"

const { schema } = PgQueue

/** The API whose gate lets everybody pass. */
const open = Effect.fnUntraced(function*(readOnly: boolean) {
  const { url } = yield* TestDatabase
  const database = Database.Database.of({
    conninfo: ByConninfo.conninfo(url),
    origin: "test",
    isEmbedded: false,
    schema,
    notify: "poll"
  })
  const client = Layer.unwrap(
    Effect.provideService(ApiClient.of({ name: "pgq api", readOnly }), Database.Database, database)
  )
  return yield* Socket.open(
    AdminApi.layer({ access: () => Effect.succeed(Access.full("ada")) }).pipe(
      Layer.provide(Layer.provide(QueueLive.client({ schema }), client))
    )
  )
})

const asked = ({ body, method }: Endpoints.Endpoint): Socket.Asked => ({
  method,
  body,
  headers: Socket.change
})

layer(PgQueue.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "the database of a read-only API",
  (it) => {
    it.effect("refuses every change that the API lets pass, and is read as before", () =>
      Effect.gen(function*() {
        const [id] = yield* enqueue("mail", { delay: undefined, runAt: new Date("2100-01-01") })
        assert.strictEqual(id, 1n)
        yield* Operations.use((operations) =>
          operations.plan({ id: Endpoints.operation, action: "retry", ids: [], actor: "ada" })
        )
        const reading = yield* open(true)

        for (const endpoint of Endpoints.changes) {
          const { status, text } = yield* reading(endpoint.path, asked(endpoint))
          assert.strictEqual(status, 403, `${endpoint.name}: ${text}`)
          assert.include(text, "the database does not allow it")
        }
        const job = yield* reading("/api/v1/job/1")
        assert.deepInclude(Socket.json(job), { state: "waiting", name: "greet" })
        assert.strictEqual((yield* reading("/api/v1/pauses")).text, "{\"items\":[]}")
        for (const { method, name, path } of Endpoints.all) {
          if (method !== "GET") continue
          const { status, text } = yield* reading(path)
          assert.strictEqual(status, 200, `${name}: ${text}`)
        }

        const writing = yield* open(false)
        const added = Endpoints.changes.find(({ name }) => name === "jobs.add")!
        assert.strictEqual((yield* writing(added.path, asked(added))).status, 200)
      }))
  }
)
