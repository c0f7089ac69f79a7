/**
 * The contract of `PauseControl`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer, Stream } from "effect"
import type { PauseTarget, PauseTerms } from "../../src/domain/Pause.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { PauseControl } from "../../src/services/PauseControl.ts"
import * as Queues from "../../src/services/Queues.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, eventually, queueName, runAll, settle, workerOf } from "../Given.ts"
import { retry } from "./jobControl/ByHand.ts"
import { cancel, countsOf, type Services, theRest } from "./jobControl/Cancelling.ts"

const pause = (target: Partial<PauseTarget> & { readonly queue: string }, terms: PauseTerms = {}) =>
  PauseControl.use((control) => control.pause({ name: undefined, ...target }, terms))

const resume = (target: Partial<PauseTarget> & { readonly queue: string }) =>
  PauseControl.use((control) => control.resume({ name: undefined, ...target }))

const pausesOf = (queue: string) =>
  Effect.map(
    PauseControl.use((control) => control.paused),
    (pauses) => pauses.filter((pause) => pause.queue === queue)
  )

const unpause = Scheduler.use((scheduler) => scheduler.unpause)

export const suite = (name: string, control: Layer.Layer<Services | PauseControl, unknown>) =>
  withLayer(control, { timeout: "60 seconds", excludeTestServices: true })(
    `PauseControl (${name})`,
    (it) => {
      it.effect("keeps the jobs of a queue until the resume", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { name: "1" }, { name: "2", key: "k" }, { name: "3", key: "k" })

          const paused = [yield* pause({ queue }, { reason: "why" }), yield* pause({ queue })]
          yield* enqueue(queue, { name: "4" })
          const during = yield* theRest(queue)
          const resumed = [yield* resume({ queue }), yield* resume({ queue })]

          assert.deepStrictEqual(paused, ["paused", "already paused"])
          assert.deepStrictEqual(resumed, ["resumed", "not paused"])
          assert.deepStrictEqual([during, yield* theRest(queue)], [[], ["1", "2", "3", "4"]])
        }))

      it.effect("shows the pauses that last, each with its first reason", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const until = new Date(Date.now() + 3_600_000)
          yield* pause({ queue, name: "mail" }, { reason: "first", end: { at: until } })
          yield* pause({ queue, name: "mail" }, { reason: "second", cancelsRunning: true })
          yield* pause({ queue }, { end: { in: 60_000 } })

          const [whole, mail] = yield* pausesOf(queue)
          yield* resume({ queue })
          yield* resume({ queue, name: "mail" })

          const { pausedAt, pausedBy, ...rest } = mail!
          assert.isAtMost(Math.abs(Number(pausedAt) - Date.now()), 60_000)
          assert.isNotEmpty(pausedBy)
          assert.deepStrictEqual(rest, {
            queue,
            name: "mail",
            until,
            reason: "first",
            cancelsRunning: true
          })
          assert.deepStrictEqual([whole!.name, whole!.reason], [undefined, undefined])
          assert.approximately(Number(whole!.until) - Number(whole!.pausedAt), 60_000, 1000)
          assert.deepStrictEqual(yield* pausesOf(queue), [])
        }))

      it.effect("sets the jobs of a paused name aside, and their lanes wait in order", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(
            queue,
            { name: "mail" },
            { name: "first", key: "k" },
            { name: "mail", key: "k" },
            { name: "last", key: "k" },
            { name: "other" }
          )
          yield* pause({ queue, name: "mail" })

          assert.deepStrictEqual(yield* theRest(queue), ["first", "other"])
          assert.deepStrictEqual(yield* countsOf(queue), { unstarted: 1, paused: 2, completed: 2 })
          const hasUnstarted = yield* JobRepo.use((repo) => repo.hasUnstarted([queue]))
          assert.isFalse(hasUnstarted)

          yield* resume({ queue, name: "mail" })
          const { unpaused } = yield* unpause
          assert.isAtLeast(unpaused, 2)
          assert.deepStrictEqual(yield* theRest(queue), ["mail", "mail", "last"])
        }))

      it.effect("ends a lane run before a paused name", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { name: "1", key: "k" }, { name: "2", key: "k" }, {
            name: "mail",
            key: "k"
          })
          yield* pause({ queue, name: "mail" })

          const jobs = yield* claim({ queue, worker: yield* workerOf(queue), perLaneMax: 9 })
          yield* settle(jobs, Settlement.Completed())
          yield* resume({ queue, name: "mail" })

          assert.deepStrictEqual(jobs.map((job) => job.name), ["1", "2"])
          assert.deepStrictEqual(yield* theRest(queue), ["mail"])
        }))

      it.effect("pauses a name in all queues", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const name = yield* queueName
          yield* enqueue(queue, { name }, { name: "other" })
          yield* Queues.pause({ name: { name } })

          const during = yield* theRest(queue)
          assert.deepStrictEqual(yield* Queues.resume({ name }), "resumed")
          yield* unpause

          assert.deepStrictEqual([during, yield* theRest(queue)], [["other"], [name]])
        }))

      it.effect("counts the ready jobs of a paused queue as paused, and lets it drain", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, {}, { delay: Duration.hours(1) })
          yield* pause({ queue })

          const hasUnstarted = yield* JobRepo.use((repo) => repo.hasUnstarted([queue]))
          const counts = yield* countsOf(queue)
          yield* resume({ queue })

          assert.isFalse(hasUnstarted)
          assert.deepStrictEqual(counts, { scheduled: 1, paused: 1 })
          assert.isTrue(yield* JobRepo.use((repo) => repo.hasUnstarted([queue])))
        }))

      it.effect("ends a pause by itself at its time", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* enqueue(queue, { name: "mail" }, { name: "other" })
          yield* pause({ queue }, { end: { in: 50 } })
          yield* pause({ queue, name: "mail" }, { end: { in: 50 } })

          const ran: Array<string> = []
          const worker = yield* workerOf(queue)
          yield* eventually(Effect.gen(function*() {
            yield* unpause
            yield* Scheduler.use((scheduler) => scheduler.promote)
            ran.push(...(yield* runAll({ queue, worker })))
            assert.sameMembers(ran, ["mail", "other"])
          }))

          assert.deepStrictEqual(yield* pausesOf(queue), [])
        }))

      it.effect("wakes nobody for the jobs of a paused queue, and wakes at the resume", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          yield* pause({ queue })
          yield* claim({ queue, worker: yield* workerOf(queue) })
          const { wakes } = yield* Notifier
          const act = Effect.gen(function*() {
            for (let n = 0; n < 5; n++) yield* enqueue(queue, {})
            yield* resume({ queue })
            yield* enqueue(queue, {})
          })

          const heard = yield* wakes.pipe(
            Stream.tap((wake) => wake._tag === "Everything" ? act : Effect.void),
            Stream.filter((wake) => "queue" in wake && wake.queue === queue),
            Stream.take(2),
            Stream.runCollect,
            Effect.timeout("10 seconds")
          )

          assert.deepStrictEqual(heard.map(({ _tag }) => _tag), ["Pauses", "Jobs"])
        }))

      it.effect("tells a worker which pauses concern it", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const registry = yield* WorkerRegistry
          const worker = yield* workerOf(queue)
          const before = yield* registry.pauses([queue])
          yield* pause({ queue, name: "mail" }, { cancelsRunning: true })
          const { hasPauses } = yield* registry.renew(worker)
          const [during] = yield* registry.pauses([queue])
          const others = yield* registry.pauses(["another"])
          yield* resume({ queue, name: "mail" })

          assert.deepStrictEqual([before, others, hasPauses], [[], [], true])
          assert.containsSubset(during, { queue, name: "mail", cancelsRunning: true })
        }))

      it.effect("lets jobs set aside be retried, edited, cancelled and discarded", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const ids = yield* enqueue(queue, ...Array.from({ length: 4 }, () => ({ name: "mail" })))
          const [kept, late, unwanted, dropped] = ids
          yield* pause({ queue, name: "mail" })
          yield* theRest(queue)
          const control = yield* JobControl

          assert.deepStrictEqual(yield* retry(kept!), ["Paused"])
          const edited = yield* control.edit(late!, { start: { in: 3_600_000 } })
          const [cancelled] = yield* cancel(unwanted!)
          const [discarded] = yield* control.discard([dropped!])
          assert.deepStrictEqual(
            [edited._tag, cancelled!._tag, discarded!._tag],
            ["Edited", "Cancelled", "Discarded"]
          )
          assert.deepStrictEqual(yield* retry(dropped!), ["Redriven"])
          yield* resume({ queue, name: "mail" })
          assert.deepStrictEqual(yield* retry(kept!), ["Retried"])
          yield* unpause

          assert.deepStrictEqual(yield* theRest(queue), ["mail", "mail"])
          assert.deepStrictEqual(yield* countsOf(queue), {
            scheduled: 1,
            completed: 2,
            cancelled: 1
          })
        }))
    }
  )
