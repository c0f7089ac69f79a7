/**
 * The listener of `pgq start --probes`. It answers the machine that runs the process: probes, and a
 * page of metrics. Nobody needs more of a server for that than Node has.
 */
import { Cause, Effect, Exit, type Scope } from "effect"
import { rmSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createConnection } from "node:net"
import { SettingInvalid } from "../domain/Errors.ts"
import { format, type ListenAddress } from "../domain/ListenAddress.ts"
import { type Probe, type ProbeReport, probes } from "../domain/Probe.ts"

/** The facts that the listener tells. None of them is asked of the database. */
export interface Source {
  readonly report: (probe: Probe) => Effect.Effect<ProbeReport>
  readonly metrics: Effect.Effect<string>
}

/** Listens until the scope closes. */
export const listen: (
  address: ListenAddress,
  source: Source
) => Effect.Effect<void, SettingInvalid, Scope.Scope> = Effect.fnUntraced(
  function*(address, source) {
    const run = Effect.runCallbackWith(yield* Effect.context<never>())
    const server = createServer((request, response) => {
      run(answer(source, request), { onExit: (exit) => write(request, response, exit) })
    })
    server.on("clientError", (_, socket) => socket.destroy())
    yield* Effect.acquireRelease(open(server, address), () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      }))
    // A process does not stay for its listener alone.
    server.unref()
  }
)

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const answer = ({ metrics, report }: Source, request: IncomingMessage): Effect.Effect<Answer> => {
  const path = (request.url ?? "/").replace(/\?.*$/, "")
  if (request.method !== "GET" && request.method !== "HEAD") {
    return Effect.succeed(text(405, "only GET\n"))
  }
  if (path === "/metrics") {
    return Effect.map(metrics, (body) => ({
      status: 200,
      type: "text/plain; version=0.0.4; charset=utf-8",
      body
    }))
  }
  const probe = probes.find((probe) => path === `/healthz/${probe}`)
  return probe === undefined
    ? Effect.succeed(text(404, `${[...probes.map(pathOf), "/metrics"].join("\n")}\n`))
    : Effect.map(report(probe), (found) => ({
      status: statusOf(found),
      type: "application/json",
      body: `${JSON.stringify(found)}\n`
    }))
}

const pathOf = (probe: Probe): string => `/healthz/${probe}`

const statusOf = ({ status }: ProbeReport): number => status === "ok" ? 200 : 503

const text = (status: number, body: string): Answer => ({
  status,
  type: "text/plain; charset=utf-8",
  body
})

const write = (
  request: IncomingMessage,
  response: ServerResponse,
  exit: Exit.Exit<Answer>
): void => {
  const { body, status, type } = Exit.isSuccess(exit)
    ? exit.value
    : text(500, `${Cause.pretty(exit.cause)}\n`)
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store"
  })
  response.end(request.method === "HEAD" ? undefined : body)
}

const open = (server: Server, address: ListenAddress): Effect.Effect<void, SettingInvalid> =>
  Effect.catch(opened(server, address), (code) =>
    Effect.gen(function*() {
      // A process that was killed leaves its socket behind.
      if (code === "EADDRINUSE" && "path" in address && !(yield* answers(address.path))) {
        rmSync(address.path, { force: true })
        return yield* Effect.mapError(opened(server, address), refusal(address))
      }
      return yield* refusal(address)(code)
    }))

const refusal = (address: ListenAddress) => (code: string) =>
  new SettingInvalid({
    setting: "--probes",
    issue: code === "EADDRINUSE"
      ? `${format(address)} is in use: another process listens there`
      : `cannot listen on ${format(address)}: ${code}`
  })

/** Fails with the system's error code. */
const opened = (server: Server, address: ListenAddress): Effect.Effect<void, string> =>
  Effect.callback((resume) => {
    const fail = (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message))
    server.once("error", fail)
    server.listen(address, () => {
      server.off("error", fail)
      resume(Effect.void)
    })
  })

const answers = (path: string): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const socket = createConnection({ path })
    const end = (isAnswered: boolean) => {
      socket.destroy()
      resume(Effect.succeed(isAnswered))
    }
    socket.once("connect", () => end(true)).once("error", () => end(false))
  })
