/**
 * Changes to the built pgq, each of which takes out one thing that its promise rests on. A soak of
 * a mutant must fail. `docs/reliability.md` tells who finds which, and which other checks there
 * are.
 */
export interface Mutant {
  readonly name: string
  readonly changes: ReadonlyArray<Change>
}

interface Change {
  /** In the copy of the build. */
  readonly file: string
  /** Stands there exactly once. */
  readonly from: string
  readonly to: string
}

const claim = "sql/0004_claim.sql"
const maintenance = "sql/0006_maintenance.sql"

export const mutants: ReadonlyArray<Mutant> = [
  {
    name: "claim-without-internal-lock",
    changes: [{
      file: claim,
      from: `    IF is_exclusive THEN
      PERFORM pg_advisory_xact_lock(class, lock);
    ELSE
      PERFORM pg_advisory_xact_lock_shared(class, lock);
    END IF;
`,
      to: ""
    }]
  },
  {
    name: "no-second-look",
    changes: [{ file: claim, from: "IF leased_now <> leased THEN", to: "IF false THEN" }]
  },
  {
    name: "no-head-index-no-stripes",
    changes: [
      {
        file: "sql/0001_tables.sql",
        from: "CREATE UNIQUE INDEX jobs_head",
        to: "CREATE INDEX jobs_head"
      },
      {
        file: "sql/0003_lanes.sql",
        from: "PERFORM pg_advisory_xact_lock(class, stripe);",
        to: ""
      }
    ]
  },
  {
    name: "cached-ids",
    changes: [{
      file: "sql/0001_tables.sql",
      from: "CREATE TABLE jobs (\n  id                bigint GENERATED ALWAYS AS IDENTITY",
      to: "CREATE TABLE jobs (\n  id                bigint GENERATED ALWAYS AS IDENTITY (CACHE 20)"
    }]
  },
  {
    name: "rescue-before-the-lease-ends",
    changes: [{
      file: maintenance,
      from: `    WHERE (lease_until <= clock OR lease_until > clock + lease * 1.1)
      AND late_since + lease * 0.5 <= clock
`,
      to: "    WHERE lease_until <= clock + interval '12 seconds'\n"
    }]
  },
  {
    name: "no-sign-off",
    changes: [{
      file: maintenance,
      from: "is_done AND NOT has_crashed THEN",
      to: "false THEN"
    }]
  }
]
