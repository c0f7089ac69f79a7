/**
 * The metrics of a schema in PostgreSQL: a strict reader finds all names of the table, with their
 * types and labels.
 *
 * Tests `src/observe/QueueMetrics.ts` and `src/domain/QueueReadings.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { queueMetrics } from "../../../src/domain/QueueMetricNames.ts"
import * as QueueMetrics from "../../../src/observe/QueueMetrics.ts"
import { PauseControl } from "../../../src/services/PauseControl.ts"
import * as Given from "../../Given.ts"
import * as ExpositionFormat from "../../observe/ExpositionFormat.ts"
import { samplesOf, valueOf } from "../../observe/Samples.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"

/** A page of a process that has not looked before. */
const scrape = Effect.map(
  Effect.scoped(Effect.flatten(QueueMetrics.prometheus)),
  ExpositionFormat.parse
)

const labelOf = (attribute: string): string => attribute.replaceAll(".", "_")

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("a scrape", (it) => {
  it.effect("has the names, types and labels of the table, and tells how a queue does", () =>
    Effect.gen(function*() {
      const queue = yield* Given.queueName
      const [holder, locker] = [yield* Session.open, yield* Session.open]
      const worker = yield* Given.workerOf(queue)
      const id = yield* locker.insert({ queue, key: "k" })
      const { lease } = yield* locker.claim({ queue, worker })
      yield* locker.settleOther({ lease, id: String(id), outcome: "blocked", error: "no luck" })
      yield* Given.enqueue(queue, {}, {}, {})
      yield* PauseControl.use((control) =>
        control.pause({ queue: "other", name: undefined }, { reason: undefined })
      )
      yield* holder.beginAt("REPEATABLE READ")
      yield* holder.sql`SELECT count(*) FROM pgq.jobs`
      const whole = yield* scrape
      yield* holder.rollback
      yield* locker.begin
      yield* locker.sql.unsafe("LOCK TABLE pgq.jobs").unprepared
      const partial = yield* scrape
      yield* locker.rollback

      const own = { messaging_destination_name: queue }
      const other = { messaging_destination_name: "other" }
      assert.deepStrictEqual([
        valueOf(whole, "pgq_queue_jobs", { ...own, pgq_state: "ready" }),
        valueOf(whole, "pgq_queue_jobs", { ...own, pgq_state: "blocked" }),
        valueOf(whole, "pgq_lanes_blocked", own),
        valueOf(whole, "pgq_queue_workers", own),
        valueOf(whole, "pgq_queue_slots", own),
        valueOf(whole, "pgq_queue_paused", own),
        valueOf(whole, "pgq_queue_paused", other)
      ], [3, 1, 1, 1, 1, 0, 1])
      assert.isAbove(valueOf(whole, "pgq_db_size_bytes", { pgq_table: "pgq.jobs" }) ?? 0, 0)
      assert.isUndefined(valueOf(partial, "pgq_queue_jobs"))
      assert.strictEqual(valueOf(partial, "pgq_queue_workers", own), 1)
      const parts = samplesOf(partial, "pgq_look_errors_total").map(({ labels }) =>
        labels["pgq_part"]
      )
      assert.includeMembers(parts, ["counts", "later"])

      const families = new Map([...partial, ...whole])
      for (const { attributes, prometheus, type } of Object.values(queueMetrics)) {
        const family = families.get(prometheus)
        assert.strictEqual(family?.type, type, prometheus)
        const labels = ["messaging_system", ...attributes.map(labelOf)]
        for (const sample of family!.samples) {
          const { le, ...found } = sample.labels
          assert.sameMembers(Object.keys(found), labels, prometheus)
          assert.strictEqual(le === undefined, !sample.name.endsWith("_bucket"))
        }
      }
      assert.lengthOf([...families.keys()], Object.keys(queueMetrics).length)
    }))

  it.effect("counts rows of history of days without a partition", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      yield* sql`
        INSERT INTO pgq.runs_other (job_id, attempt, queue, name, worker_id, claimed_at, ended_at,
                                    outcome)
        SELECT n, 1, 'old', 'test', gen_random_uuid(), now(), now() - interval '10 years', 'failed'
        FROM generate_series(1, 3) AS n
      `
      yield* Given.eventually(Effect.map(scrape, (families) =>
        assert.strictEqual(
          valueOf(families, "pgq_history_unpartitioned", { pgq_parent: "pgq.runs" }),
          3
        )))
    }))
})
