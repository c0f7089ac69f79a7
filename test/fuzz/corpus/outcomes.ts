/**
 * Functions that make the values that a handler may throw, fail with, reject with or return.
 */
import { Cause, Effect, Exit } from "effect"

const refuse = (): never => {
  throw new Error("no")
}

const circular = (): object => {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}

const deepCause = (): Error => {
  let error = new Error("bottom")
  for (let depth = 0; depth < 5000; depth++) error = new Error(`level ${depth}`, { cause: error })
  return error
}

const selfCause = (): Error => {
  const error = new Error("its own cause")
  error.cause = error
  return error
}

const hostile = (): object =>
  new Proxy({}, {
    get: refuse,
    has: refuse,
    ownKeys: refuse,
    getPrototypeOf: refuse,
    getOwnPropertyDescriptor: refuse
  })

const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth))

type Settle = (value: unknown) => void

const defined = (property: string, descriptor: PropertyDescriptor): object =>
  Object.defineProperty({}, property, descriptor)

const thenable = (then: (resolve: Settle, reject: Settle) => void): object =>
  defined("then", { value: then })

const errorWith = (property: string, descriptor: PropertyDescriptor): Error =>
  Object.defineProperty(new Error("x"), property, descriptor)

/** Unexpected values of every kind. */
export const values: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "null": () => null,
  "NaN": () => NaN,
  "an empty string": () => "",
  "a bigint": () => 2n ** 200n,
  "a symbol": () => Symbol("x"),
  "a function": () => refuse,
  "a class": () => Date,
  "an object without a prototype": () => Object.create(null),
  "a circular object": circular,
  "a proxy that refuses everything": hostile,
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  "an array that is five thousand deep": () => nested(5_000),
  "an array that is a hundred thousand deep": () => nested(100_000),
  "an object that looks like an Effect": () => ({ "~effect/Effect": {} }),
  "an object that looks like an Effect and has no text": () => ({
    "~effect/Effect": {},
    toString: refuse
  }),
  "an object that looks like an Exit": () => ({ "~effect/Effect": {}, "~effect/Exit": {} }),
  "an object with a throwing getter": () => defined("message", { get: refuse, enumerable: true }),
  "an object whose toString throws": () => ({ toString: refuse, valueOf: refuse }),
  "an object whose toJSON throws": () => ({ toJSON: refuse }),
  "an object whose inspection throws": () => ({
    [Symbol.for("nodejs.util.inspect.custom")]: refuse
  }),
  "an object whose primitive throws": () => ({ [Symbol.toPrimitive]: refuse }),
  "a date that is none": () => new Date(NaN),
  "a typed array": () => new Uint8Array(100_000),
  "a map of itself": () => {
    const map = new Map<unknown, unknown>()
    return map.set(map, map)
  },
  "an array with holes": () => Object.assign([], { length: 1_000_000 }),
  "NUL and half a pair": () => "a\0b\uD800c",
  "a megabyte of text": () => "\uD800\0é".repeat(500_000),
  "an error": () => new Error("x"),
  "an error without a message": () => new Error(""),
  "an error with NUL": () => new Error("a\0b\uDC00"),
  "an error with a huge message": () => new Error("é\0".repeat(2_000_000)),
  "an error with a huge name": () => Object.assign(new Error("x"), { name: "N".repeat(1_000_000) }),
  "an error without a stack": () => Object.assign(new Error("x"), { stack: undefined }),
  "an error whose stack is no text": () => Object.assign(new Error("x"), { stack: 7 }),
  "an error whose stack throws": () => errorWith("stack", { get: refuse }),
  "an error whose message throws": () => errorWith("message", { get: refuse }),
  "an error whose message is no text": () => errorWith("message", { value: { a: 1 } }),
  "an error whose message is a symbol": () => errorWith("message", { value: Symbol("m") }),
  "an error whose name throws": () => errorWith("name", { get: refuse }),
  "an error whose cause throws": () => errorWith("cause", { get: refuse }),
  "an error that is its own cause": selfCause,
  "an error with a long chain of causes": deepCause,
  "an error with a hostile cause": () => new Error("x", { cause: hostile() }),
  "an error without a prototype": () => Object.setPrototypeOf(new Error("x"), null),
  "an aggregate of many": () =>
    new AggregateError(Array.from({ length: 1000 }, (_, i) => new Error(`${i}`))),
  "an aggregate of itself": () => {
    const error = new AggregateError([], "x")
    error.errors.push(error)
    return error
  },
  "an AbortError": () => new DOMException("aborted", "AbortError"),
  "a bidirectional error": () => new Error("\u202Etxt.exe\u2066"),
  "a terminal's escape": () => new Error("\u001B[2J\u001B]0;x\u0007"),
  "an object tagged as pgq's own": () => ({ _tag: "PayloadInvalid", name: "x", issue: {} })
}

/** Values that have a meaning of their own only when a handler returns them. */
export const returns: Readonly<Record<string, () => unknown>> = {
  "a then that throws": () => thenable(refuse),
  "a then getter that throws": () => defined("then", { get: refuse }),
  "a then that settles twice": () =>
    thenable((resolve, reject) => {
      resolve(1)
      reject(new Error("late"))
      resolve(2)
    }),
  "a then that resolves with another": () =>
    thenable((resolve) => resolve(thenable((inner) => inner(1)))),
  "a then that rejects with a hostile proxy": () => thenable((_, reject) => reject(hostile())),
  "a promise of undefined": () => Promise.resolve(),
  "a promise of an Effect": () => Promise.resolve(Effect.fail("inner")),
  "an Effect of an Effect": () => Effect.succeed(Effect.fail("inner")),
  "an Effect that interrupts itself": () => Effect.interrupt,
  "an Effect that dies of nothing": () => Effect.die(undefined),
  "an Effect with an empty cause": () => Effect.failCause(Cause.empty),
  "an Effect of a rejected promise": () => Effect.promise(() => Promise.reject(hostile())),
  "an Effect that goes on with a number": () => Effect.flatMap(Effect.void, () => JSON.parse("7")),
  "an Effect that waits and goes on with nothing": () =>
    Effect.flatMap(Effect.sleep(1), () => JSON.parse("null")),
  "an exit": () => Exit.fail("exit"),
  "a cause": () => Cause.fail("cause"),
  "a generator": function*() {
    yield refuse
  },
  "a deep Effect": () => {
    let effect: Effect.Effect<number> = Effect.succeed(0)
    for (let depth = 0; depth < 20_000; depth++) effect = Effect.map(effect, (n) => n + 1)
    return effect
  }
}
