/**
 * Mutants of what a worker does with its connections.
 */
import { killed, type Mutant } from "./Mutant.ts"

export const ofPools: ReadonlyArray<Mutant> = [
  {
    name: "renewals-behind-handlers",
    changes: [{
      file: "src/layers/postgres/connection/PgConnections.ts",
      from: "heartbeat: yield* client(heartbeat, maintenance, worker)",
      to: "heartbeat: application"
    }],
    test: killed("connections/starved", "have live workers")
  },
  {
    name: "claims-behind-handlers",
    changes: [{
      file: "src/layers/postgres/connection/PgConnections.ts",
      from: "worker: yield* client(worker, maintenance, heartbeat)",
      to: "worker: application"
    }],
    test: killed("connections/starved", "start jobs beside them")
  },
  {
    name: "isolation-not-said",
    changes: [{
      file: "src/layers/postgres/connection/PgPart.ts",
      from: "...state.saysIsolation ? isolation : {}",
      to: ""
    }],
    test: killed("connections/isolation", "a worker works although its role's default is")
  },
  {
    name: "refused-parameter-said-again",
    changes: [{
      file: "src/layers/postgres/connection/PgPart.ts",
      from: "if (said && isRefusal(code))",
      to: "if (said && false)"
    }],
    test: killed("connections/isolation", "a worker works through a pooler that refuses")
  },
  {
    name: "renewal-keeps-what-a-clock-ahead-left",
    changes: [{
      file: "src/layers/postgres/PgWorkerRegistry.ts",
      from: "lease_until = clock_timestamp() + lease,",
      to: "lease_until = greatest(lease_until, clock_timestamp() + lease),"
    }],
    test: killed("interleaving/leases", "end one lease from now, although the clock was ahead")
  },
  {
    name: "silent-pool-kept",
    changes: [{
      file: "src/layers/postgres/connection/PgOwnPool.ts",
      from: "current.isSilent(lateMillis) ? Effect.andThen(replace, again) : again",
      to: "again"
    }],
    test: killed("layers/PgOwnPool", "asks once of those that have fallen silent")
  },
  {
    name: "unlistens-before-it-hangs-up",
    changes: [{
      file: "src/layers/postgres/PgNotifier.ts",
      from: "Scope.provide(pinned.listen(`${schema}:wake`), listening)",
      to: "pinned.listen(`${schema}:wake`)"
    }],
    test: killed("connections/silence", "a scope closes that says UNLISTEN")
  },
  {
    name: "scope-waits-for-the-database",
    changes: [{
      file: "src/layers/worker/Worker.ts",
      from: "closeWithin(bounds.closing)",
      to: "Scope.close"
    }],
    test: killed("connections/silence", "a scope closes in a black hole")
  }
]
