/**
 * A tracer that keeps the spans it makes.
 */
import { Effect, Layer, Option, Tracer } from "effect"

export interface SeenSpans {
  readonly all: ReadonlyArray<Tracer.Span>
  /** The spans of this name, in the order in which they began. */
  readonly named: (name: string) => ReadonlyArray<Tracer.Span>
  readonly layer: Layer.Layer<never>
}

export const make = Effect.sync((): SeenSpans => {
  const all: Array<Tracer.Span> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      all.push(span)
      return span
    }
  })
  return {
    all,
    named: (name) => all.filter((span) => span.name === name),
    layer: Layer.succeed(Tracer.Tracer, tracer)
  }
})

/** The id of a span's parent. */
export const parentOf = ({ parent }: Tracer.Span): string | undefined =>
  Option.getOrUndefined(parent)?.spanId

/** Whether a span has ended, and how. */
export const endOf = ({ status }: Tracer.Span): string =>
  status._tag === "Started" ? "open" : status.exit._tag
