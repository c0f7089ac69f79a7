/**
 * The contract of the HTTP API. Everything that describes it is made from here: the routes, the
 * rights, the OpenAPI document and the table in the documentation.
 */
import { Record } from "effect"
import { HttpApi, OpenApi } from "effect/http-api"
import * as ChartsApi from "./ChartsApi.ts"
import { Gate } from "./Gate.ts"
import * as Inputs from "./Inputs.ts"
import * as JobsApi from "./JobsApi.ts"
import * as LooksApi from "./LooksApi.ts"
import * as OperationsApi from "./OperationsApi.ts"
import * as QueuesApi from "./QueuesApi.ts"
import * as SessionApi from "./SessionApi.ts"
import * as WorkersApi from "./WorkersApi.ts"

/** The gate asks for one of these, as the server is set up. */
const schemes = {
  bearer: { type: "http", scheme: "bearer" },
  basic: { type: "http", scheme: "basic" },
  session: { type: "apiKey", in: "cookie", name: "pgq_session" }
}

const withSchemes = (spec: Record<string, unknown>) => ({
  ...spec,
  components: { ...Object(spec["components"]), securitySchemes: schemes },
  paths: Record.map(Object(spec["paths"]), (path) =>
    Record.map(Object(path), (operation) => ({
      ...Object(operation),
      security: Object.keys(schemes).map((name) => ({ [name]: [] }))
    })))
})

/** All endpoints, below the prefix of the mount. */
export const Api = HttpApi.make("pgq")
  .add(
    SessionApi.group,
    LooksApi.group,
    ChartsApi.group,
    JobsApi.group,
    QueuesApi.group,
    OperationsApi.group,
    WorkersApi.group
  )
  .middleware(Inputs.Inputs)
  .middleware(Gate)
  .prefix("/api/v1")
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotate(HttpApi.HeadersParseOptions, {})
  .annotate(OpenApi.Title, "pgq")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Transform, withSchemes)
