/**
 * Mutants of the order of claims, and of the floors at which claims begin.
 */
import { model, type Mutant, test } from "./Mutant.ts"

const floors = (name: string) => [test("engine/claiming/floors", name)]

export const ofFloors: ReadonlyArray<Mutant> = [
  {
    name: "retried-jobs-before-all-others",
    of: "placeOfRetried",
    changes: [{
      file: "sql/0006_maintenance.sql",
      from: "THEN nextval(counter)\n",
      to: "THEN place\n"
    }],
    by: floors("a retried job is found above, behind the jobs that were ready when it came due")
  },
  {
    name: "no-look-below-the-floors",
    of: "floors",
    changes: [{
      file: "src/layers/postgres/PgFloors.ts",
      from: "if (floors.isEmpty || isLooking ||",
      to: "if (true || isLooking ||"
    }],
    by: floors("a job is found whose transaction commits late")
  },
  {
    name: "empty-claim-believes-its-floors",
    of: "floors",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "EXIT WHEN range_queues IS NULL OR NOT looks_below;",
      to: "EXIT;"
    }],
    by: [
      ...floors("jobs are found whose ids began anew"),
      model("floors", "NO_FALLBACK NO_LOOK", "stuck")
    ]
  },
  {
    name: "new-heads-below-the-floors",
    of: "floors",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "IF admitted.given > 0 THEN range_queues := NULL; END IF;",
      to: ""
    }],
    by: floors("the head of a lane is found by the next claim, though it was committed late")
  },
  {
    name: "settlements-keep-the-floors",
    of: "floorsForgotten",
    changes: [{
      file: "src/layers/postgres/PgSettle.ts",
      from: "if (hasMadeReady) floors.forget()",
      to: ""
    }],
    by: floors("the next job of a lane is found by the next claim")
  },
  {
    name: "claims-in-flight-set-floors-again",
    of: "floorsForgotten",
    changes: [{
      file: "src/layers/postgres/PgFloors.ts",
      from: "if (state.generation !== generation) return",
      to: ""
    }],
    by: [
      ...floors("a claim that began before a settlement sets no floor after it"),
      model("floors", "GIVES_BACK NO_GENERATION NO_LOOK", "violated")
    ]
  },
  {
    name: "claims-in-flight-undo-a-look",
    of: "floors",
    changes: [{
      file: "src/layers/postgres/PgFloors.ts",
      from: "if (below.length > 0) state.generation++",
      to: ""
    }],
    by: [
      ...floors("a claim that began before a look ended does not undo the look"),
      model("floors", "NO_GENERATION", "violated")
    ]
  },
  {
    name: "claims-never-thorough",
    of: "floors",
    changes: [{
      file: "src/domain/Idle.ts",
      from: "isThorough: idle.hasPassedBy && !pause.isWoken",
      to: "isThorough: false"
    }],
    by: [test("domain/Idle", "looks everywhere when nothing has ended the pause")]
  },
  {
    name: "lanes-of-no-lease-handed-on",
    of: "keysOfLeases",
    changes: [{
      file: "sql/0004_claim.sql",
      from: "picked.first_id, picked.last_id, is_keyed)",
      to: "picked.first_id, picked.last_id, false)"
    }],
    by: floors("the next job of a lane is found by the next claim")
  }
]
