/**
 * Advisory mode: one process claims at a time, under an advisory lock whose key the user chooses.
 * Other programs may take the same lock to keep pgq from starting jobs meanwhile.
 */
import { Layer } from "effect"
import { type AdvisoryKey, CooperativeMode } from "../../domain/CooperativeMode.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"

/** `key` is one `bigint` or a pair of `int`s; PostgreSQL keeps the two apart. */
export const layer = (options: { readonly key: AdvisoryKey }): Layer.Layer<never> =>
  Layer.succeed(LockStrategy, { mode: CooperativeMode.Advisory({ key: options.key }) })
