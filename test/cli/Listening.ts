/**
 * Asks a running `pgq start` over its Unix socket.
 */
import { Effect } from "effect"
import { request } from "node:http"

export interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

/** The status is 0 if nobody listens. */
export const get = (socketPath: string, path: string, method = "GET"): Effect.Effect<Answer> =>
  Effect.callback((resume) => {
    const asked = request({ socketPath, path, method, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text) => body += text)
      response.on("end", () =>
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          type: response.headers["content-type"],
          body
        })))
    })
    asked.on("error", () => resume(Effect.succeed({ status: 0, type: undefined, body: "" })))
    asked.end()
  })

export const statuses = (socketPath: string) =>
  Effect.map(
    Effect.forEach(["startup", "ready", "live"], (probe) => get(socketPath, `/healthz/${probe}`)),
    (answers) => answers.map(({ status }) => status)
  )
