/**
 * Runs the example of an application's test, which is itself a test, on a database of its own.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { afterAll } from "vitest"
import * as Postgres from "./support/Postgres.ts"

const scope = Scope.makeUnsafe()
const context = await Effect.runPromise(Layer.buildWithScope(Postgres.database, scope))
process.env["PGQ_URL"] = Context.get(context, Postgres.TestDatabase).url

await import("../examples/testing.test.ts")

afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
