/**
 * Mutants of the transactions that complete jobs.
 */
import { model, type Mutant, soakAtTimes, test, transactionHistories } from "./Mutant.ts"

const file = "sql/0020_transactions.sql"
const completions = "interleaving/completions"

export const ofTransactions: ReadonlyArray<Mutant> = [
  {
    name: "completes-before-the-commit",
    of: "deferredCompletion",
    changes: [{ file, from: "  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW", to: "  FOR EACH ROW" }],
    by: [test(completions, "locks nothing before its commit")]
  },
  {
    name: "commits-without-the-lease",
    of: "fenceOfCommits",
    changes: [{
      file,
      functions: ["complete_at_commit"],
      from: "  IF lost IS NOT NULL THEN",
      to: "  IF false THEN"
    }],
    by: [
      transactionHistories,
      model("lane", "NJ=2 COMMITS=1 STALLS=1 NO_COMMIT_FENCE", "violated"),
      test(completions, "fails with its whole transaction if the lease was lost before"),
      soakAtTimes
    ]
  },
  {
    name: "commit-fenced-by-the-job-alone",
    of: "fenceOfCommits",
    changes: [{
      functions: ["complete_at_commit"],
      from: "ARRAY[NEW.lease], ARRAY[1],",
      to: "coalesce((SELECT array_agg(id) FROM leases WHERE NEW.job_id = ANY (job_ids)), " +
        "ARRAY[NEW.lease]), ARRAY[1],"
    }],
    by: [transactionHistories]
  },
  {
    name: "commit-looks-before-it-locks",
    of: "fenceOfCommits",
    changes: [],
    by: [model("lane", "NJ=2 COMMITS=1 STALLS=1 COMMIT_LOOKS_FIRST", "violated")]
  },
  {
    name: "commit-of-what-another-one-settles",
    of: "turnsOfCommits",
    changes: [{
      functions: ["complete_at_commit"],
      from: "id = NEW.lease FOR UPDATE;",
      to: "id = NEW.lease FOR UPDATE SKIP LOCKED; IF NOT FOUND THEN RETURN NULL; END IF;"
    }],
    by: [transactionHistories]
  },
  {
    name: "commits-of-a-lease-are-refused",
    of: "turnsOfCommits",
    changes: [{
      file,
      from: "  PERFORM FROM leases WHERE id = NEW.lease FOR UPDATE;\n",
      to: ""
    }],
    by: [test(completions, "is one of many of a lease, whose commits take turns")]
  },
  {
    name: "answer-before-the-commit-has-ended",
    of: "questionOfCommits",
    changes: [{
      file,
      from: "SELECT job_ids INTO ids FROM leases WHERE id = asked_lease FOR UPDATE;",
      to: "SELECT job_ids INTO ids FROM leases WHERE id = asked_lease;"
    }],
    by: [test(completions, "that may still be committed is waited for")]
  },
  {
    name: "silent-commit-is-waited-for",
    isSlow: true,
    of: "boundOfCommits",
    changes: [{
      file: "src/layers/postgres/PgTransact.ts",
      from: "inTurn(transaction)), silenceAfter(handled))",
      to: "inTurn(transaction)))"
    }],
    by: [test("connections/commits", "a COMMIT that gets no answer")]
  },
  {
    name: "lost-commit-is-taken-for-a-rollback",
    of: "questionOfCommits",
    changes: [{
      file: "src/domain/TransactionEnd.ts",
      from: "  if (error.isOutcomeUnknown === true) {\n    return phase === \"committing\"\n" +
        "      ? Next.Ask({ exit })\n      : ",
      to: "  if (error.isOutcomeUnknown === true) {\n    return "
    }],
    by: [test("domain/TransactionEnd", "connection lost at COMMIT")]
  },
  {
    name: "committed-job-is-settled-again",
    of: "settledByCommit",
    changes: [{
      file: "src/layers/worker/LaneRunner.ts",
      from: "(run.completion === \"committed\") {\n        reports",
      to: "(false) {\n        reports"
    }],
    by: [test("engine/running/completedByHand", "a later failure of its handler is only logged")]
  },
  {
    name: "transactions-take-all-connections",
    of: "turnsOfTransactions",
    changes: [{
      file: "src/layers/postgres/PgTransactions.ts",
      from: "const kept = 3",
      to: "const kept = 0"
    }],
    by: [test("engine/running/transactional", "24 at once on a client with ten")]
  },
  {
    name: "transactions-of-any-isolation",
    of: "isolationOfTransactions",
    changes: [{
      file: "src/layers/postgres/PgTransact.ts",
      from: "\"BEGIN ISOLATION LEVEL READ COMMITTED\"",
      to: "\"BEGIN\""
    }],
    by: [test("engine/running/transactional", "works where transactions are SERIALIZABLE")]
  },
  {
    name: "failed-handler-keeps-its-jobs-in-memory",
    of: "memoryTransactions",
    changes: [{
      file: "src/layers/memory/MemorySchema.ts",
      from: "if (transaction === undefined) return",
      to: "if (true) return"
    }],
    by: [
      test("layers/MemoryTransactions", "leaves the jobs of its last attempt alone"),
      test("properties/testHistory", "end in the same state after the same history")
    ]
  }
]
