/**
 * Mutants of unique jobs.
 */
import { model, type Mutant, test, uniqueHistories } from "./Mutant.ts"

const file = "sql/0016_unique.sql"

const offers = (name: string) => test("interleaving/offers", name)

export const ofUnique: ReadonlyArray<Mutant> = [
  {
    name: "unique-keys-of-all-names",
    of: "uniqueIndex",
    changes: [
      {
        file: "sql/0001_tables.sql",
        from: "jobs_unique ON jobs (name, unique_key)",
        to: "jobs_unique ON jobs (unique_key)"
      },
      { file, from: "ON CONFLICT (name, unique_key) WHERE", to: "ON CONFLICT (unique_key) WHERE" }
    ],
    by: [offers("of one key for two names adds both")]
  },
  {
    name: "offers-in-one-round",
    of: "roundsOfOffers",
    changes: [{ file, from: "FOR round IN 1..50 LOOP", to: "FOR round IN 1..1 LOOP" }],
    by: [
      offers("waits for a claim of the holder, takes its key and comes after it"),
      model("unique", "ONE_ROUND", "violated")
    ]
  },
  {
    name: "offers-in-any-order",
    of: "orderOfOffers",
    changes: [{ file, from: "    'ORDER BY (n.offer).name, (n.offer).unique_key '\n", to: "" }],
    by: [offers("goes past keys of lower order only with none of its own")]
  },
  {
    name: "offer-to-a-job-that-was-just-claimed",
    of: "secondLookOfOffers",
    changes: [
      {
        file,
        from: "  holder record;\nBEGIN\n",
        to:
          "  holder record;\n  lease uuid := (\n    SELECT lease_of(j.queue, j.id) FROM jobs AS j\n" +
          "    WHERE j.name = o.name AND j.unique_key = o.unique_key\n  );\nBEGIN\n"
      },
      { file, from: "IF lease_of(holder.queue, id) IS NOT NULL", to: "IF lease IS NOT NULL" }
    ],
    by: [
      offers("waits for a claim of the holder, takes its key and comes after it"),
      model("unique", "LOOKS_FIRST", "violated")
    ]
  },
  {
    name: "redriven-beside-the-holder-of-its-key",
    of: "keyOfRedriven",
    changes: [
      { functions: ["redrive"], from: "past.unique_key IS NOT NULL AND (", to: "false AND (" },
      { functions: ["insert_again"], from: "payload, unique_key '\n", to: "payload, NULL '\n" }
    ],
    by: [uniqueHistories]
  },
  {
    name: "finished-job-without-its-key",
    of: "keyOfRedriven",
    changes: [{
      functions: ["move_to_history"],
      from: "j.max_attempts, j.unique_key",
      to: "j.max_attempts, NULL"
    }],
    by: [uniqueHistories]
  },
  {
    name: "replaced-with-the-failures-of-before",
    of: "replacing",
    changes: [{ functions: ["change_holder"], from: "failures = 0, '", to: "'" }],
    by: [uniqueHistories]
  },
  {
    name: "replaced-with-the-expiry-of-before",
    of: "expiryOfReplaced",
    changes: [{
      functions: ["mark_changed"],
      from: "SELECT expires_at, id FROM new_jobs WHERE expires_at < 'infinity'",
      to: "SELECT expires_at, id FROM new_jobs WHERE false"
    }],
    by: [uniqueHistories]
  },
  {
    name: "hold-of-an-offer-that-was-kept",
    of: "holds",
    changes: [{
      functions: ["offer_one"],
      from: "DELETE FROM holds WHERE name = o.name AND unique_key = o.unique_key;",
      to: "NULL;"
    }],
    by: [uniqueHistories]
  },
  {
    name: "trailing-job-within-the-hold",
    of: "holds",
    changes: [{
      functions: ["offer_one"],
      from: "o.run_at := hold.until;",
      to: "NULL;"
    }],
    by: [uniqueHistories]
  }
]
