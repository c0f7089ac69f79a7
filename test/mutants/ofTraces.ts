/**
 * Mutants of traces: that they cost nothing without a tracer, fail no job, and end at the job.
 */
import { type Mutant, test } from "./Mutant.ts"

const traces = "engine/running/traces"
const spans = "src/layers/worker/RunSpans.ts"

export const ofTraces: ReadonlyArray<Mutant> = [
  {
    name: "producer-makes-spans-that-nobody-sees",
    of: "unseenSpans",
    changes: [{
      file: "src/services/Sending.ts",
      from: "  fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer &&\n",
      to: ""
    }],
    by: [test(traces, "is neither written nor made without a tracer")]
  },
  {
    name: "worker-makes-spans-that-nobody-sees",
    of: "unseenSpans",
    changes: [{
      file: spans,
      from: "isWanted && (yield* Tracer.Tracer) !== Tracer.nativeTracer",
      to: "isWanted"
    }],
    by: [test(traces, "is neither written nor made without a tracer")]
  },
  {
    name: "broken-trace-fails-its-job",
    of: "brokenTraces",
    changes: [{
      file: spans,
      from: "Option.getOrUndefined(HttpTraceContext",
      to: "Option.getOrThrow(HttpTraceContext"
    }],
    by: [test(traces, "that is none fails no job")]
  },
  {
    name: "worker-traces-its-own-statements",
    of: "quietStore",
    changes: [{
      file: "src/layers/PgWorker.ts",
      from: "isTraced && options.traceStore === true",
      to: "isTraced"
    }],
    by: [test(traces, "is not told of statements that a worker asks by itself, unless asked")]
  },
  {
    name: "handler-runs-in-the-span-of-its-layer",
    of: "spanOfRun",
    changes: [{
      file: "src/layers/job/Handler.ts",
      from: "  services.delete(Tracer.ParentSpan.key)\n",
      to: ""
    }],
    by: [test(traces, "is neither written nor made without a tracer")]
  }
]
