/**
 * A running `pgq dashboard` on the database of the test.
 */
import { Effect } from "effect"
import * as Pgq from "../cli/Pgq.ts"
import { TestDatabase } from "../support/Postgres.ts"

export const open = Effect.fnUntraced(function*(args: ReadonlyArray<string> = []) {
  const { url } = yield* TestDatabase
  const server = yield* Pgq.spawn(["dashboard", "--listen", "127.0.0.1:0", "-c", url, ...args])
  const link = yield* Pgq.eventually("address", () => /^(http:\S+)\n/.exec(server.stdout())?.[1])
  return { server, link, origin: new URL(link).origin }
})

/** The paths of all pages, as the rail and links lead to them. */
export const paths = (job: bigint, queue: string, operation: string): ReadonlyArray<string> => [
  "/",
  "/lanes",
  "/workers",
  "/database",
  "/failures",
  `/queue?${new URLSearchParams({ name: queue })}`,
  `/job?id=${job}`,
  `/jobs?${new URLSearchParams({ q: `queue:${queue}` })}`,
  `/lane?${new URLSearchParams({ queue, key: "k" })}`,
  "/operations",
  `/operation?id=${operation}`,
  "/nothing-here"
]
