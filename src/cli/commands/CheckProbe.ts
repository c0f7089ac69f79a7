/**
 * `pgq check --probe`: asks a running process, as the machine that runs it may do where it has no
 * other program for that.
 */
import { Console, Effect, Option } from "effect"
import { Flag } from "effect/cli"
import type { ListenAddress } from "../../domain/ListenAddress.ts"
import { type Probe, type ProbeCheck, type ProbeReport, probes } from "../../domain/Probe.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as PidFiles from "../process/PidFiles.ts"
import { fail, type Finding, line, ok, warn } from "./Finding.ts"

export const flags = {
  probe: Flag.Literals("probe", probes).pipe(
    Flag.withDescription("Ask a running process instead, as a container's health check does"),
    Flag.optional
  ),
  pidFile: Flag.optional(Flags.pidFile),
  probes: Flags.address("probes").pipe(
    Flag.withDescription("With --probe, the address of the process, in place of its pid file"),
    Flag.optional
  )
}

export interface Input {
  readonly probe: Option.Option<Probe>
  readonly pidFile: Option.Option<string>
  readonly probes: Option.Option<ListenAddress>
}

/** The fault in a use of the flags. `others` says whether flags of the database were given. */
export const mistake = ({ pidFile, probe, probes }: Input, others: boolean): string | undefined => {
  const given = [pidFile, probes].filter(({ _tag }) => _tag === "Some").length
  return Option.isNone(probe)
    ? given > 0 ? "-p and --probes need --probe" : undefined
    : others
    ? "--probe asks a running process; it goes with neither -c nor --schema"
    : given !== 1
    ? "--probe needs -p or --probes, and not both"
    : undefined
}

export const run = Effect.fnUntraced(function*(probe: Probe, input: Input) {
  const address = Option.isSome(input.probes)
    ? input.probes.value
    : yield* PidFiles.probesOf(Option.getOrElse(input.pidFile, () => ""))
  const client = yield* Effect.promise(() => import("../process/ProbeClient.ts"))
  const report = yield* client.ask(address, probe)
  yield* Effect.forEach(report.checks, (check) => Console.log(line(findingOf(check, report))))
  if (report.status === "failing") return yield* new ExitCode.ExitWith({ code: 1 })
})

/** A probe may be well though one of several processes is not. */
const findingOf = ({ age, detail, name, ok: isOk }: ProbeCheck, report: ProbeReport): Finding =>
  (isOk ? ok : report.status === "ok" ? warn : fail)(
    name,
    age === undefined ? detail : `${detail} (${age} s ago)`
  )
