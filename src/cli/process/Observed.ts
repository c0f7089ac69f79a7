/**
 * A process of `pgq start` as others observe it: its probes and its metrics. The modules for that
 * are loaded only if somebody asks for them.
 */
import { Effect, Layer, Option, Scope } from "effect"
import type { ListenAddress } from "../../domain/ListenAddress.ts"
import { ofStart, ofWorker, type StartStep } from "../../domain/Probe.ts"
import type { Source } from "../../observe/Listener.ts"
import type { JobRepo } from "../../services/JobRepo.ts"
import { WorkerControl } from "../../services/WorkerControl.ts"
import * as AliveFile from "./AliveFile.ts"
import * as ChildReports from "./ChildReports.ts"

export interface Options {
  /** The address of the probes and of the page of metrics. */
  readonly probes: Option.Option<ListenAddress>
  /** A file that is touched as long as the probe `live` says "ok". */
  readonly aliveFile: Option.Option<string>
  readonly exporting: Exporting
}

export interface Exporting {
  /** Whether metrics are exported. */
  readonly isExported: boolean
  /** Metrics are registered until it closes, which is after the last export. */
  readonly metricsScope: Scope.Scope
}

const load = Effect.promise(() => import("../../observe/Process.ts"))

/** Observes the worker of this process. A child answers its parent, which listens. */
export const worker = Effect.fnUntraced(function*(options: Options, isChild: boolean) {
  const { exporting } = options
  let step: StartStep = "schema"
  let control: WorkerControl["Service"] | undefined
  let metrics = Effect.succeed("")
  const source: Source = {
    report: (probe) =>
      Effect.suspend(() =>
        control === undefined
          ? Effect.succeed(ofStart(probe, step))
          : Effect.map(control.health, (health) => ofWorker(probe, health))
      ),
    metrics: Effect.suspend(() => metrics)
  }
  const parts = Option.isSome(options.probes) || exporting.isExported
    ? yield* load
    : undefined
  if (parts !== undefined && Option.isSome(options.probes)) {
    yield* isChild ? ChildReports.answer(source) : parts.listen(options.probes.value, source)
  }
  if (!isChild) yield* AliveFile.keep(options.aliveFile, source.report("live"))
  return {
    /** The process has come to this step of its start. */
    reach: (next: StartStep): void => {
      step = next
    },
    /** Counts the jobs that handlers add. */
    producing: <A, E, R>(client: Layer.Layer<A | JobRepo, E, R>) =>
      parts === undefined ? client : Layer.provideMerge(parts.producer, client),
    /** The worker has registered. */
    works: Effect.fnUntraced(function*(worker: WorkerControl["Service"]) {
      if (parts !== undefined) {
        metrics = yield* parts.prometheus({ sharedRegistry: true }).pipe(
          Effect.provideService(WorkerControl, worker),
          Scope.provide(exporting.metricsScope)
        )
      }
      control = worker
    })
  }
})
