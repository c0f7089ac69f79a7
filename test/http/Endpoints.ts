/**
 * All endpoints of the contract, each with a request that fits it.
 */
import { Context } from "effect"
import { HttpApi } from "effect/http-api"
import type { Right } from "../../src/http/Access.ts"
import { Api } from "../../src/http/Api.ts"
import * as Gate from "../../src/http/Gate.ts"

export interface Endpoint {
  readonly name: string
  readonly method: string
  /** With the id of a job that may not exist. */
  readonly path: string
  readonly body: unknown
  readonly right: Right | undefined
}

/** Bodies of the endpoints that refuse an empty one. */
const bodies: Readonly<Record<string, unknown>> = {
  "jobs.add": { jobs: [{ name: "greet" }] },
  "jobs.edit": { priority: 1 },
  "queues.pause": { paused: true },
  "workers.stop": { mode: "finish" },
  "operations.plan": { action: "retry", ids: ["1"] }
}

/** The id of an operation that may not exist. */
export const operation = "5f0c3d0e-6a53-4c8e-9b6e-0c5b7f6f5a11"

/** The id of a worker that does not exist. */
const worker = "0b6c1d2e-7f83-4a9b-8c0d-1e2f3a4b5c6d"

const queries: Readonly<Record<string, string>> = {
  "looks.queue": "?queue=mail",
  "looks.lanes": "?by=blocked",
  "looks.lane": "?queue=mail&key=k",
  "charts.series": "?of=finished&from=2026-03-01T10:00:00Z&to=2026-03-01T11:00:00Z&step=60",
  "queues.why": "?queue=mail",
  "queues.pause": "?queue=mail"
}

const collect = (): ReadonlyArray<Endpoint> => {
  const found: Array<Endpoint> = []
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint, group }) => {
      const name = `${group.identifier}.${endpoint.identifier}`
      found.push({
        name,
        method: endpoint.method,
        path: endpoint.path.replace("operations/:id", `operations/${operation}`)
          .replace("worker/:id", `worker/${worker}`)
          .replace(":id", "1") + (queries[name] ?? ""),
        body: endpoint.method === "GET" ? undefined : bodies[name] ?? {},
        right: Context.get(endpoint.annotations, Gate.Needs)
      })
    }
  })
  return found
}

export const all = collect()

/** Those that change something, but for sessions. */
export const changes = all.filter(({ method, name }) =>
  method !== "GET" && !name.startsWith("session.")
)
