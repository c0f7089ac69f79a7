/**
 * Unique jobs: how a kind says which of its jobs are the same, and the wish that goes to the store
 * with a job.
 */
import type { Duration } from "effect"
import type { NewJob } from "./JobRecord.ts"

/**
 * The mode for a new job while an unfinished one has the same key: "keep" lets that job stand for
 * the new one, "replace" gives it the new values, "reject" fails with `DuplicateJob`.
 */
export type UniqueMode = "keep" | "replace" | "reject"

/** How jobs of a kind are told apart. */
export interface UniqueBy<Payload, Encoded> {
  /**
   * A field of the encoded payload, several fields, or a function that makes the key from the
   * payload. Defaults to the whole payload.
   */
  readonly by?:
    | (keyof Encoded & string)
    | ReadonlyArray<keyof Encoded & string>
    | ((payload: Payload) => string)
    | undefined
  /** With "queue", the same key in another queue is another job. The name always counts. */
  readonly scope?: "queue" | undefined
}

/** One unfinished job of a key. */
export interface UniqueOptions<Payload, Encoded, Mode extends UniqueMode>
  extends UniqueBy<Payload, Encoded>
{
  /** Defaults to "keep". */
  readonly mode?: Mode | undefined
  /** With "queued", a leased job does not count. Only for the mode "keep". */
  readonly while?: "queued" | undefined
  /** A job counts for so long after it was added, even if it has ended. More than 0. */
  readonly within?: Duration.Input | undefined
}

/** One job of a burst, at its end, with the newest payload. */
export interface DebounceOptions<Payload, Encoded> extends UniqueBy<Payload, Encoded> {
  /** The job starts when nothing has come for so long. */
  readonly wait: Duration.Input
  /** It starts so long after the first at the latest. At least `wait`. */
  readonly maxWait: Duration.Input
}

/** One job in each span of time. */
export interface ThrottleOptions<Payload, Encoded> extends UniqueBy<Payload, Encoded> {
  /** More than 0. */
  readonly every: Duration.Input
  /** Whether the newest of the others starts at the end of the span. Defaults to false. */
  readonly trailing?: boolean | undefined
}

/** At most one of the three. */
export type Uniqueness<Payload, Encoded, Mode extends UniqueMode> =
  | {
    readonly unique?: UniqueOptions<Payload, Encoded, Mode> | undefined
    readonly debounce?: undefined
    readonly throttle?: undefined
  }
  | {
    readonly unique?: undefined
    readonly debounce: DebounceOptions<Payload, Encoded>
    readonly throttle?: undefined
  }
  | {
    readonly unique?: undefined
    readonly debounce?: undefined
    readonly throttle: ThrottleOptions<Payload, Encoded>
  }

/** The same for a store: it has no kinds. */
export interface Wish {
  /** A text, or the fields of the payload that make the key; none is the whole payload. */
  readonly key: string | ReadonlyArray<string>
  readonly isScoped: boolean
  readonly mode: UniqueMode | "keep-queued" | "debounce" | "trail"
  readonly within?: Duration.Duration | undefined
  readonly wait?: Duration.Duration | undefined
  readonly maxWait?: Duration.Duration | undefined
}

/** A job to offer. Without a wish it is added. */
export interface OfferedJob extends NewJob {
  readonly unique?: Wish | undefined
}

/** The answer for an offered job. */
export interface Offered<Outcome extends OfferOutcome | "rejected" = OfferOutcome> {
  /** The new job, or the one that stands for it. */
  readonly id: bigint
  readonly outcome: Outcome
}

/**
 * The outcome of an offered job. It is "merged" if another job of the same call stands for it, or
 * of a call at the same time.
 */
export type OfferOutcome = "added" | "kept" | "replaced" | "merged"
