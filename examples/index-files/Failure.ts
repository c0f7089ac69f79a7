/**
 * Why a run ends without a result, as one line.
 */
import { Data } from "effect"

export class Failure extends Data.TaggedError("Failure")<{ readonly message: string }> {}
