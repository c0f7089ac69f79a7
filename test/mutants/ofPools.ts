/**
 * Mutants of a worker's use of its connections.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofPools: ReadonlyArray<Mutant> = [
  {
    name: "renewals-behind-handlers",
    isSlow: true,
    of: "ownConnections",
    changes: [{
      file: "src/layers/postgres/connection/PgConnections.ts",
      from: "heartbeat: yield* client(heartbeat, maintenance, worker)",
      to: "heartbeat: application"
    }],
    by: [test("connections/starved", "have live workers")]
  },
  {
    name: "claims-behind-handlers",
    isSlow: true,
    of: "ownConnections",
    changes: [{
      file: "src/layers/postgres/connection/PgConnections.ts",
      from: "worker: yield* client(worker, maintenance, heartbeat)",
      to: "worker: application"
    }],
    by: [test("connections/starved", "start jobs beside them")]
  },
  {
    name: "isolation-not-said",
    isSlow: true,
    of: "isolation",
    changes: [{
      file: "src/layers/postgres/connection/PgPart.ts",
      from: "...state.saysIsolation ? isolation : {}",
      to: ""
    }],
    by: [
      test("connections/isolation", "a worker works although its role's default is")
    ]
  },
  {
    name: "refused-parameter-said-again",
    of: "isolation",
    changes: [{
      file: "src/layers/postgres/connection/PgPart.ts",
      from: "if (said && isRefusal(code))",
      to: "if (said && false)"
    }],
    by: [test("connections/isolation", "a worker works through a pooler that refuses")]
  },
  {
    name: "renewal-keeps-what-a-clock-ahead-left",
    of: "newLease",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "lease_until = clock_timestamp() + lease,",
      to: "lease_until = greatest(lease_until, clock_timestamp() + lease),"
    }],
    by: [test("interleaving/leases", "end one lease from now, although the clock was ahead")]
  },
  {
    name: "silent-pool-kept",
    of: "silentPool",
    changes: [{
      file: "src/layers/postgres/connection/PgOwnPool.ts",
      from: "current.isSilent(lateMillis) ? Effect.andThen(replace, again) : again",
      to: "again"
    }],
    by: [test("layers/PgOwnPool", "asks once of those that have fallen silent")]
  },
  {
    name: "unlistens-before-it-hangs-up",
    isSlow: true,
    of: "hangingUp",
    changes: [{
      file: "src/layers/postgres/PgListener.ts",
      from: "Scope.provide(pinned.listen(channel), listening)",
      to: "pinned.listen(channel)"
    }],
    by: [test("connections/silence", "a scope closes that says UNLISTEN")]
  },
  {
    name: "scope-waits-for-the-database",
    of: "boundOfClosing",
    changes: [{
      file: "src/layers/worker/Worker.ts",
      from: "closeWithin(bounds.closing)",
      to: "Scope.close"
    }],
    by: [test("connections/silence", "a scope closes while")]
  }
]
