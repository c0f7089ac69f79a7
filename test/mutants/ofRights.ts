/**
 * Mutants of the rights of a schema's roles, and of the way in which its functions find names.
 */
import { type Mutant, test } from "./Mutant.ts"

export const ofRights: ReadonlyArray<Mutant> = [
  {
    name: "triggers-with-the-rights-of-producers",
    of: "rights",
    changes: [{
      file: "sql/settings.sql",
      from: "(prorettype = 'trigger'::regtype OR proname LIKE",
      to: "(false OR proname LIKE"
    }],
    by: [test("engine/schema/roles", "adds jobs in each way, and one of a worker runs them all")]
  },
  {
    name: "history-with-the-rights-of-workers",
    of: "rights",
    changes: [{
      file: "sql/settings.sql",
      from: " OR proname LIKE 'prune\\_%'",
      to: ""
    }],
    by: [test("engine/schema/roles", "keeps history, of which it owns nothing")]
  },
  {
    name: "lent-rights-for-everybody",
    of: "rights",
    changes: [{
      file: "src/layers/postgres/PgMigrations.ts",
      from: "'REVOKE ALL ON FUNCTION %s FROM PUBLIC'",
      to: "'COMMENT ON FUNCTION %s IS NULL'"
    }],
    by: [test("engine/schema/roles", "may call its own functions, and no others")]
  },
  {
    name: "renamed-schema-stays-lost",
    of: "check",
    changes: [{
      file: "src/layers/postgres/PgMigrations.ts",
      from: "quote_ident('${schema}') || '.add_job(');",
      to: "quote_ident('former') || '.add_job(');"
    }],
    by: [test("cli/check", "says what mends a schema that was renamed")]
  }
]
