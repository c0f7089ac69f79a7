/**
 * The endpoints of operations. A change of one needs the right of the operation's action, too.
 */
import { Effect, Fiber } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type { OperationAction, OperationRefused } from "../domain/Operation.ts"
import { Operations } from "../services/Operations.ts"
import type { Right } from "./Access.ts"
import { Api } from "./Api.ts"
import { Actor } from "./Gate.ts"
import { refuseMask, valueOf } from "./JobInput.ts"
import type { NewOperation } from "./OperationsApi.ts"
import {
  Denied,
  NotFound,
  orProblem,
  PlanExpired,
  TooMany,
  Unconfirmed,
  Unsupported
} from "./Problems.ts"
import * as Searches from "./Searches.ts"

export const layer = HttpApiBuilder.group(
  Api,
  "operations",
  Effect.fnUntraced(function*(handlers) {
    const operations = yield* Operations
    const scope = yield* Effect.scope
    const change = Effect.fnUntraced(function*<A, E extends Refusal>(
      id: string,
      step: Effect.Effect<A, E>
    ) {
      const { action } = yield* asked(operations.find(id))
      yield* allow(action)
      // A run goes on if the client leaves: a page that is loaded anew leaves, too.
      return yield* asked(Effect.flatMap(Effect.forkIn(step, scope), Fiber.join))
    })
    return handlers
      .handle("plan", ({ payload, request }) => plan(operations, payload, request))
      .handle("list", ({ query }) => items(operations.list(query)))
      .handle("find", ({ params }) => asked(operations.find(params.id)))
      .handle(
        "items",
        ({ params, query: { after, ...query } }) =>
          items(operations.items(params.id, {
            ...query,
            after: after === undefined ? undefined : BigInt(after)
          }))
      )
      .handle("run", ({ params: { id }, payload }) => change(id, operations.run(id, payload)))
      .handle("stop", ({ params: { id } }) => change(id, operations.stop(id)))
      .handle("undo", ({ params: { id } }) => change(id, operations.undo(id)))
  })
)

const plan = Effect.fnUntraced(function*(
  operations: Operations["Service"],
  { change, ids, ...rest }: typeof NewOperation.Type,
  request: HttpServerRequest.HttpServerRequest
) {
  yield* allow(rest.action)
  yield* Searches.allowText(rest.query)
  const { actor } = yield* Actor
  const input = { ...rest, actor, ids: ids?.map(BigInt) }
  if (change === undefined) return yield* asked(operations.plan(input))
  const { runAt, ...values } = change
  const text = valueOf(yield* Effect.orDie(request.text), "change") ?? "{}"
  const payload = valueOf(text, "payload")
  yield* refuseMask(payload)
  return yield* asked(operations.plan({
    ...input,
    change: {
      ...values,
      runAt: runAt === undefined ? undefined : new Date(runAt),
      payload
    }
  }))
})

const rights: Readonly<Record<OperationAction, Right>> = {
  retry: "retry",
  cancel: "discard",
  discard: "discard",
  edit: "edit"
}

const allow = Effect.fnUntraced(function*(action: OperationAction) {
  const { rights: own } = yield* Actor
  const right = rights[action]
  if (!own.has(right)) {
    return yield* new Denied({ right, detail: `to ${action} jobs needs the right "${right}"` })
  }
})

const items = <A, R>(found: Effect.Effect<ReadonlyArray<A>, Refusal, R>) =>
  Effect.map(asked(found), (all) => ({ items: all }))

type Refusal = JobInvalid | OperationRefused | StoreError

/** Fails with problems in place of errors. */
const asked = <A, R>(step: Effect.Effect<A, Refusal, R>) =>
  Effect.catchTags(step, {
    JobInvalid: (error) => orProblem(Effect.fail(error)),
    StoreError: (error) => orProblem(Effect.fail(error)),
    OperationRefused: (error) => Effect.fail(problemOf(error))
  })

const problemOf = ({ detail, reason }: OperationRefused) => {
  switch (reason) {
    case "unknown":
      return new NotFound({ detail })
    case "expired":
      return new PlanExpired({ detail })
    case "too-many":
      return new TooMany({ detail })
    case "unconfirmed":
      return new Unconfirmed({ detail })
    case "unsupported":
      return new Unsupported({ detail })
  }
}
