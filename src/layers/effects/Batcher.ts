/**
 * Joins concurrent calls into few: one call is in flight, the next is sent as soon as it returns
 * and carries everything that was added meanwhile.
 */
import { Deferred, Effect, Exit, type Scope } from "effect"

export interface Batcher<A, B, E> {
  /** Waits for this item's answer. An interrupted waiter leaves its item in the batch. */
  readonly add: (item: A) => Effect.Effect<B, E>
}

/**
 * `call` answers item by item, in order. When a call of several items fails and `isIsolated` says
 * that one of them may be to blame, each is sent again by itself, so that a bad one fails alone.
 */
export const make = Effect.fnUntraced(function*<A, B, E>(options: {
  readonly call: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
  readonly isIsolated: (error: E) => boolean
  readonly itemsMax: number
}): Effect.fn.Return<Batcher<A, B, E>, never, Scope.Scope> {
  const scope = yield* Effect.scope
  let waiting: Array<Item<A, B, E>> = []
  let sending: ReadonlyArray<Item<A, B, E>> = []
  let isCalling = false

  const flush: Effect.Effect<void> = Effect.gen(function*() {
    while (waiting.length > 0) {
      sending = waiting.slice(0, options.itemsMax)
      waiting = waiting.slice(options.itemsMax)
      yield* send(sending)
    }
    isCalling = false
  })

  const send = (batch: ReadonlyArray<Item<A, B, E>>): Effect.Effect<void> =>
    Effect.matchCauseEffect(options.call(batch.map(({ value }) => value)), {
      onSuccess: (answers) =>
        Effect.sync(() => {
          batch.forEach((item, index) =>
            Deferred.doneUnsafe(item.answer, Exit.succeed(answers[index]!))
          )
        }),
      onFailure: (cause) => {
        const failure = cause.reasons.find((reason) => reason._tag === "Fail")
        return batch.length > 1 && failure !== undefined && options.isIsolated(failure.error)
          ? Effect.forEach(batch, (item) => send([item]), { discard: true })
          : Effect.sync(() => {
            batch.forEach((item) => Deferred.doneUnsafe(item.answer, Exit.failCause(cause)))
          })
      }
    })

  // When the scope closes, every waiter is interrupted: its item will not be sent, or its answer
  // will not arrive.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { answer } of [...sending, ...waiting]) {
        Deferred.doneUnsafe(answer, Exit.interrupt())
      }
    })
  )

  return {
    add: (value) =>
      Effect.suspend(() => {
        const answer = Deferred.makeUnsafe<B, E>()
        waiting.push({ value, answer })
        if (isCalling) return Deferred.await(answer)
        isCalling = true
        return Effect.andThen(Effect.forkIn(flush, scope), Deferred.await(answer))
      })
  }
})

interface Item<A, B, E> {
  readonly value: A
  readonly answer: Deferred.Deferred<B, E>
}
