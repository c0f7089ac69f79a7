/**
 * The checks that the compiler makes of a kind and of its handler. Each answers with a sentence
 * where it finds a mistake.
 */
import type { Effect, Schema } from "effect"

/** Anything, unless `A` comes to a value that is none of the results of the kind. */
export type Succeeding<A, Success extends Schema.Top | undefined> = Success extends Schema.Top
  ? void extends Success["Type"] ? unknown
  : [Outcome<A>] extends [Success["Type"]] ? unknown
  : "the handler does not come to a result of its kind"
  : unknown

type Outcome<A> = A extends Effect.Effect<infer V, infer _E, infer _R> ? V : Awaited<A>

/** Anything, unless `A` is an Effect that fails with more than the errors `E`. */
export type Declared<A, E> = [Failures<A>] extends [E] ? unknown
  : "the handler fails with an error that its kind does not declare"

type Failures<A> = A extends Effect.Effect<infer _A, infer E, infer _R> ? E : never

/** A name that the compiler knows not to be empty. */
export type Named<Name extends string> = Name extends "" ? "a job needs a name" : Name
