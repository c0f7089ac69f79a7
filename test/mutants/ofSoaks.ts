/**
 * Mutants that the soak finds.
 */
import { type Mutant, soak, soakAtTimes, test } from "./Mutant.ts"

const claim = "sql/0004_claim.sql"
const maintenance = "sql/0006_maintenance.sql"

export const ofSoaks: ReadonlyArray<Mutant> = [
  {
    name: "claim-without-internal-lock",
    of: "internalLock",
    changes: [{
      file: claim,
      from: `    IF is_exclusive THEN
      PERFORM pg_advisory_xact_lock(class, lock);
    ELSE
      PERFORM pg_advisory_xact_lock_shared(class, lock);
    END IF;
`,
      to: ""
    }],
    by: [soak]
  },
  {
    name: "no-head-index-no-stripes",
    of: "laneLock",
    changes: [
      {
        file: "sql/0001_tables.sql",
        from: "CREATE UNIQUE INDEX jobs_head",
        to: "CREATE INDEX jobs_head"
      },
      {
        file: "sql/0003_lanes.sql",
        from: "PERFORM pg_advisory_xact_lock(class, s)",
        to: "PERFORM s"
      }
    ],
    by: [soakAtTimes]
  },
  {
    name: "cached-ids",
    of: "idsInOrder",
    changes: [{
      file: "sql/0001_tables.sql",
      from: "  id                bigint GENERATED ALWAYS AS IDENTITY",
      to: "  id                bigint GENERATED ALWAYS AS IDENTITY (CACHE 20)"
    }],
    by: [test("engine/schema/catalog", "are not cached by sessions"), soak]
  },
  {
    name: "rescue-before-the-lease-ends",
    of: "leaseEnd",
    changes: [{
      file: maintenance,
      from: `    WHERE (lease_until <= clock OR lease_until > clock + lease * 1.1)
      AND late_since + lease * 0.5 <= clock
`,
      to: "    WHERE lease_until <= clock + interval '12 seconds'\n"
    }],
    by: [soak]
  },
  {
    name: "no-sign-off",
    of: "signOff",
    changes: [{
      file: maintenance,
      from: "is_done AND NOT has_crashed THEN",
      to: "false THEN"
    }],
    by: [test("engine/stopping/cleanStops", "has left no lease, no worker and no lock"), soak]
  },
  {
    name: "settles-after-the-commit",
    of: "completionInCommit",
    changes: [
      {
        file: "src/layers/postgres/PgTransact.ts",
        from: "      yield* insert(completion(value))\n",
        to: "      completion(value)\n"
      },
      {
        file: "src/domain/TransactionEnd.ts",
        from: "if (isCommitted) return Next.Done({ exit })",
        to: "if (isCommitted) return Next.Decide({ exit })"
      }
    ],
    by: [soak]
  }
]
