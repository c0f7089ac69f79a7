/**
 * How the processes that claim from one queue keep out of each other's way.
 *
 * No lock is ever held between two messages to the server, so a strategy is a fact that each claim
 * carries with it, not a lock that somebody holds.
 */
import { Context } from "effect"
import type { CooperativeMode } from "../domain/CooperativeMode.ts"

export class LockStrategy extends Context.Service<LockStrategy, {
  readonly mode: CooperativeMode
}>()("pgq/services/LockStrategy") {}
