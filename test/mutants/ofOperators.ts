/**
 * Mutants of the steps by which operators put jobs right.
 */
import { model, type Mutant, test } from "./Mutant.ts"

const file = "sql/0014_by_operators.sql"

export const ofOperators: ReadonlyArray<Mutant> = [
  {
    name: "redriven-without-a-marker",
    of: "markerOfRedriven",
    changes: [{
      file,
      from: "  RETURN QUERY\n    SELECT own.id, 'redriven'",
      to: "  DELETE FROM dirty_lanes WHERE key IN (\n    SELECT serialization_key FROM jobs " +
        "WHERE jobs.id = ANY (asked)\n  );\n  RETURN QUERY\n    SELECT own.id, 'redriven'"
    }],
    by: [
      test("interleaving/redrives", "puts a job first in its lane"),
      model("lane", "NJ=2 REDRIVES=1 NO_REDRIVE_MARKER", "stuck")
    ]
  },
  {
    name: "redriven-again-and-again",
    of: "redrivenAt",
    changes: [{
      file,
      from: "SET redriven_at = clock_timestamp()",
      to: "SET redriven_at = NULL"
    }],
    by: [test("interleaving/redrives", "happens once, however often it is asked for")]
  },
  {
    name: "redriven-into-nothing",
    of: "keyOfRedriven",
    changes: [{
      file,
      from: "IF insert_again(again, is_unique) < cardinality(again.ids) THEN",
      to: "IF insert_again(again, is_unique) < 0 THEN"
    }],
    by: [
      test(
        "interleaving/offers",
        "of a job whose key was taken is a conflict, also when it is taken meanwhile"
      )
    ]
  },
  {
    name: "copied-under-the-same-id",
    of: "idOfCopy",
    changes: [{
      file: "sql/0022_copies.sql",
      from: "new_ids bigint[] := draw_ids(cardinality(asked));",
      to: "new_ids bigint[] := asked;"
    }],
    by: [
      test(
        "interleaving/redrives",
        "as a new job has an id of its own, or is refused while a trigger keeps it out"
      )
    ]
  },
  {
    name: "edit-over-another-edit",
    of: "expectedPayload",
    changes: [{
      file,
      from: "IF change.expected <> (SELECT payload FROM jobs WHERE id = job) THEN",
      to: "IF false THEN"
    }],
    by: [test("interleaving/edits", "an edit, another one finds the payload changed")]
  }
]
