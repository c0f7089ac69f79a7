import { assert, describe, it } from "@effect/vitest"
import { SqlError } from "effect/sql"
import { storeError } from "../../src/layers/postgres/PgError.ts"

/** An error of the server, as the driver reports it. */
const failure = (code: string, operation = "query", fields: object = {}) =>
  new SqlError.SqlError({
    reason: new SqlError.UnknownError({
      cause: Object.assign(new Error("as it happens"), { code, ...fields }),
      message: "PgConnection: Query failed",
      operation
    })
  })

describe("an error of the database", () => {
  it("tells of every address that refuses", () => {
    const cause = new AggregateError([
      new Error("refused by ::1"),
      new Error("refused by 127.0.0.1")
    ])
    const reason = new SqlError.ConnectionError({ cause, message: "x", operation: "connect" })

    const { detail } = storeError("claim")(new SqlError.SqlError({ reason }))

    assert.strictEqual(detail, "refused by ::1; refused by 127.0.0.1")
  })

  it.each(
    [
      ["08006", "connection_failure"],
      ["40001", "serialization_failure"],
      ["40P01", "deadlock_detected"],
      ["53100", "disk_full"],
      ["53300", "too_many_connections"],
      ["55P03", "lock_not_available"],
      ["57014", "query_canceled"],
      ["57P01", "admin_shutdown"],
      ["57P03", "cannot_connect_now"],
      ["25006", "read_only_sql_transaction"],
      ["58000", "system_error"],
      ["58030", "io_error"],
      ["ECONNRESET", "the socket's own"]
    ]
  )("%s (%s) may be over later", (code) => {
    assert.isTrue(storeError("settle")(failure(code)).isTransient)
  })

  it.each(
    [
      ["22P05", "untranslatable_character"],
      ["23514", "check_violation"],
      ["42501", "insufficient_privilege"],
      ["42883", "undefined_function"],
      ["58P01", "undefined_file"],
      ["XX000", "internal_error"],
      ["XX001", "data_corrupted"],
      ["54000", "program_limit_exceeded"]
    ]
  )("%s (%s) comes again", (code) => {
    assert.isFalse(storeError("settle")(failure(code)).isTransient)
  })

  it(
    "54000 may be over later when the queue of notifications is full, in whatever language",
    () => {
      const full = {
        message: "zu viele Benachrichtigungen in NOTIFY-Schlange",
        file: "async.c",
        routine: "PreCommit_Notify"
      }
      const wide = { file: "nbtutils.c", routine: "_bt_check_third_page" }

      assert.isTrue(storeError("settle")(failure("54000", "query", full)).isTransient)
      assert.isFalse(storeError("settle")(failure("54000", "query", wide)).isTransient)
    }
  )

  it.each(["28P01", "3D000", "55000"])(
    "%s while connecting says nothing of what is asked",
    (code) => {
      assert.isTrue(storeError("settle")(failure(code, "connect")).isTransient)
    }
  )
})
