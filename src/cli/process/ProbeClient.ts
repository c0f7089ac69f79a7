/**
 * Asks a process of `pgq start --probes` for the answer of a probe.
 */
import { Data, Effect, Schema } from "effect"
import { request } from "node:http"
import { format, type ListenAddress } from "../../domain/ListenAddress.ts"
import type { Probe, ProbeReport } from "../../domain/Probe.ts"

/** Nobody answers at the address, or something else than a process of pgq. */
export class ProbeUnanswered extends Data.TaggedError("ProbeUnanswered")<{
  readonly address: ListenAddress
  readonly issue: string
}> {
  override get message(): string {
    return `${format(this.address)} ${this.issue}`
  }
}

const Report = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.Literals(["ok", "failing"]),
    checks: Schema.Array(Schema.Struct({
      name: Schema.String,
      ok: Schema.Boolean,
      detail: Schema.String,
      age: Schema.optionalKey(Schema.Finite)
    }))
  })
)

/** A process whose thread is busy for longer than this counts as one that does not answer. */
const patience = "5 seconds"

export const ask = (
  address: ListenAddress,
  probe: Probe
): Effect.Effect<ProbeReport, ProbeUnanswered> => {
  const fail = (issue: string) => new ProbeUnanswered({ address, issue })
  return bodyOf(address, `/healthz/${probe}`).pipe(
    Effect.mapError((code) => fail(`does not answer: ${code}`)),
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.fail(fail(`has not answered within ${patience}`))
    }),
    Effect.flatMap((body) =>
      Effect.mapError(
        Schema.decodeUnknownEffect(Report)(body),
        () => fail("does not answer as a process of pgq does")
      )
    )
  )
}

/** Fails with the system's error code. */
const bodyOf = (address: ListenAddress, path: string): Effect.Effect<string, string> =>
  Effect.callback((resume) => {
    const to = "path" in address
      ? { socketPath: address.path }
      : { host: hosts[address.host] ?? address.host, port: address.port }
    const asked = request({ ...to, path, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (text) => body += text)
      response.once("end", () => resume(Effect.succeed(body)))
      response.once("error", fail)
    })
    const fail = (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message))
    asked.once("error", fail).end()
    return Effect.sync(() => void asked.destroy())
  })

/** A process that listens on all addresses of its machine is asked at the machine's own. */
const hosts: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" }
