/**
 * The children of `pgq start -q N` as others observe them: their parent listens, and asks them.
 */
import { Effect, Option } from "effect"
import { ofProcesses } from "../../domain/Probe.ts"
import * as AliveFile from "./AliveFile.ts"
import type * as Child from "./Child.ts"
import * as ChildReports from "./ChildReports.ts"
import type * as Observed from "./Observed.ts"

/** Observes the children of this process. */
export const listen = Effect.fnUntraced(function*(
  { aliveFile, probes }: Pick<Observed.Options, "aliveFile" | "probes">,
  children: ReadonlySet<Child.Child>
) {
  // A parent lives as long as it can answer at all, whatever its children say.
  yield* AliveFile.keep(aliveFile, Effect.sync(() => ofProcesses("live", [])))
  if (Option.isNone(probes)) return
  const { listen, merged } = yield* Effect.promise(() => import("../../observe/Process.ts"))
  const all = Effect.suspend(() =>
    Effect.forEach(
      Array.from(children).toSorted((a, b) => a.number - b.number),
      (child) => Effect.map(child.reports.look, (seen) => ({ child, seen })),
      { concurrency: "unbounded" }
    )
  )
  yield* listen(probes.value, {
    report: (probe) =>
      Effect.flatMap(all, (found) =>
        Effect.map(
          Effect.forEach(found, ({ child, seen }) =>
            Effect.map(ChildReports.agoOf(seen), (answeredAgo) => ({
              process: `process ${child.number}`,
              report: seen?.reports[probe],
              answeredAgo
            }))),
          (processes) => ofProcesses(probe, processes)
        )),
    metrics: Effect.map(
      all,
      (found) =>
        merged(
          found.flatMap(({ child, seen }) =>
            seen === undefined ? [] : [{ process: String(child.number), text: seen.metrics }]
          )
        )
    )
  })
})
