/**
 * What to check: each model as it is, in several configurations, and its mutants.
 */

/** No error; an assertion fails; or it comes to rest although there is something left to do. */
export type Verdict = "holds" | "violated" | "stuck"

export interface Model {
  readonly model: "lane" | "fence" | "ladder"
  readonly defines: string
  readonly expected: Verdict
}

const rows = (
  model: Model["model"],
  table: ReadonlyArray<readonly [defines: string, expected: Verdict]>
): ReadonlyArray<Model> => table.map(([defines, expected]) => ({ model, defines, expected }))

export const models: ReadonlyArray<Model> = [
  ...rows("lane", [
    ["NJ=3 RUN=1", "holds"],
    ["NJ=3 RUN=1 STALLS=1", "holds"],
    ["NJ=3 RUN=1 STALLS=1 MIXED", "holds"],
    ["NJ=3 RUN=1 ABORTS=1", "holds"],
    ["NJ=2 RUN=1 STALLS=1 DEATHS=1 POISON", "holds"],
    ["NJ=2 RUN=1 STALLS=1 RETRIES=1", "holds"],
    ["NJ=2 RUN=1 DELETES=1", "holds"],
    ["NJ=3 RUN=1 BOUNDED", "holds"],
    ["NJ=2 RUN=1 RETRIES=1 BOUNDED", "holds"],
    ["NJ=2 BOUNDED FORGETS_REST", "stuck"],
    ["NJ=3 LOSSES=1", "holds"],
    ["NJ=2 RETRIES=1 LOSSES=1 BOUNDED", "holds"],
    ["NJ=2 LOSSES=1 NO_HEALER", "stuck"],
    ["NJ=3 LOSSES=1 HEALS_HEADLESS_ONLY", "stuck"],
    ["NJ=2 NO_ENQUEUE_MARKER", "stuck"],
    ["NJ=3 NO_HANDOVER", "stuck"],
    ["NJ=2 STALLS=1 NO_RESCUE_MARKER", "stuck"],
    ["NJ=2 RETRIES=1 NO_UNDONE_MARKER", "stuck"],
    ["NJ=2 RETRIES=1 NO_PROMOTE_MARKER", "stuck"],
    ["NJ=3 DELETES=1 NO_DELETE_MARKER", "stuck"],
    ["NJ=3 ABORTS=1 NO_SKIP_MARKER", "stuck"],
    ["NJ=2 RETRIES=1 NO_SKIP_MARKER", "stuck"],
    ["NJ=2 DELETES=1 NO_PASSED_MARKER", "stuck"],
    ["NJ=3 DELETES=1 NO_HAND_GUARD", "violated"],
    ["NJ=3 DELETES=1 RUN=1 NO_HAND_GUARD", "violated"],
    ["NJ=3 NO_ORDER_CHECK", "violated"],
    ["NJ=3 NO_STRIPE", "stuck"],
    ["NJ=3 NO_INDEX", "holds"],
    ["NJ=3 NO_STRIPE NO_INDEX", "stuck"],
    ["NJ=2 NO_SECOND_LOOK", "violated"],
    ["NJ=3 STALLS=1 EXCLUSIVE NO_SECOND_LOOK", "holds"],
    ["NJ=3 STALLS=1 EXCLUSIVE NO_INTERNAL", "holds"],
    ["NJ=2 EXCLUSIVE NO_INTERNAL NO_SECOND_LOOK", "violated"],
    ["NJ=2 DEMOTE_LEASED", "violated"],
    ["NJ=3 RUN=1 RETRIES=1 KEEP_REST", "stuck"],
    ["NJ=3 ONE_SNAPSHOT", "stuck"]
  ]),
  ...rows("fence", [
    ["", "holds"],
    ["FAILOVER", "holds"],
    ["BY_ATTEMPT", "holds"],
    ["BY_ATTEMPT FAILOVER", "violated"],
    ["BY_STATE", "violated"],
    ["BY_ROW", "violated"]
  ]),
  ...rows("ladder", [
    ["", "holds"],
    ["CRASHES=1", "holds"],
    ["PARENT_DIES", "holds"],
    ["EVERY_MESSAGE_A_STEP", "violated"],
    ["NOT_MONOTONE", "violated"],
    ["NO_TELLING", "stuck"],
    ["TELL_TOO_SOON", "stuck"],
    ["TOO_EARLY", "violated"],
    ["CRASHES=1 NO_SECOND_CHECK", "violated"],
    ["PARENT_DIES NO_CONNECTED_CHECK", "stuck"]
  ])
]
