/**
 * The workers of a soak use the ways and the modes that its options ask for.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TcpProxy } from "../support/TcpProxy.ts"
import type { Options } from "./Options.ts"
import { places } from "./Places.ts"
import type { Server } from "./Server.ts"
import { type Place } from "./WorkerProcesses.ts"

const server: Server = {
  url: "postgres:///postgres?host=%2Fsocket&port=5432&user=me&password=secret",
  adminUrl: "",
  socket: { folder: "/socket", path: "/socket/.s.PGSQL.5432" },
  user: "me",
  password: "secret",
  crash: () => Effect.void,
  failover: () => Effect.undefined,
  forgotAt: () => -Infinity
}

const proxy = (port: number): TcpProxy => ({
  port,
  cut: Effect.void,
  refuse: Effect.void,
  accept: Effect.void,
  blackhole: Effect.void,
  swallow: Effect.void,
  swallowAt: () => Effect.void,
  swallowed: Effect.succeed(0),
  heal: Effect.void,
  mend: Effect.void,
  cutAfter: () => Effect.void,
  cutAt: () => Effect.void,
  limited: Effect.succeed(0),
  connections: Effect.succeed(0)
})

const bouncer = 3

const all = (mode: Options["mode"], via: Options["via"] = "direct"): ReadonlyArray<Place> =>
  places({
    mode,
    via,
    server,
    proxies: [proxy(1), proxy(2)],
    toPgq: via === "direct" ? server.socket : { host: "127.0.0.1", port: bouncer }
  })

const modesOf = (mode: Options["mode"]) =>
  new Set(
    all(mode).map(({ cooperative }) => cooperative.filter((_, index) => index % 2 === 1).join(" "))
  )

describe("a soak's workers", () => {
  it("all go through PgBouncer, and prepare nothing", () => {
    for (const { url } of all("mixed", "pgbouncer")) {
      const { port, searchParams } = new URL(url)
      assert.include(["1", "2", String(bouncer)], port)
      assert.strictEqual(searchParams.get("prepare"), "false")
    }
  })

  it("go straight or through either network", () => {
    const ports = all("mixed").map(({ url }) => new URL(url).port)
    assert.sameMembers(Array.from(new Set(ports)), ["", "1", "2"])
    assert.isTrue(all("mixed").every(({ url }) => !url.includes("prepare")))
  })

  it("are of one mode, or of all", () => {
    assert.sameMembers(Array.from(modesOf("row-lock")), ["row-lock"])
    assert.sameMembers(Array.from(modesOf("advisory")), ["advisory 42"])
    assert.sameMembers(
      Array.from(modesOf("mixed")),
      ["row-lock", "advisory 42", "advisory 7,9", "solo"]
    )
  })
})
