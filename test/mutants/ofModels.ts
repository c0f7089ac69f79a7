/**
 * Mutants of the Spin models that have no counterpart in a test: pgq without a mechanism, or with a
 * simpler one.
 */
import { model, type Mutant } from "./Mutant.ts"

const inModel = (name: string, of: Mutant["of"], ...by: Mutant["by"]): Mutant => ({
  name,
  of,
  changes: [],
  by
})

export const ofModels: ReadonlyArray<Mutant> = [
  inModel(
    "bounded-claim-forgets-the-rest",
    "markersLeft",
    model("lane", "NJ=2 BOUNDED FORGETS_REST", "stuck")
  ),
  inModel(
    "no-marker-after-a-rescue",
    "markerOfRescued",
    model("lane", "NJ=2 STALLS=1 NO_RESCUE_MARKER", "stuck")
  ),
  inModel(
    "no-marker-for-a-locked-head",
    "markerOfPassedBy",
    model("lane", "NJ=3 ABORTS=1 NO_SKIP_MARKER", "stuck"),
    model("lane", "NJ=2 RETRIES=1 NO_SKIP_MARKER", "stuck")
  ),
  inModel(
    "leased-head-is-demoted",
    "demotion",
    model("lane", "NJ=2 DEMOTE_LEASED", "violated")
  ),
  inModel(
    "one-look-for-jobs-set-aside",
    "laterUnpause",
    model("lane", "NJ=2 PAUSES=1 UNPAUSES_ONCE", "stuck")
  ),
  inModel("no-index-of-unique-keys", "uniqueIndex", model("unique", "NO_INDEX", "violated")),
  inModel("one-snapshot-for-a-step", "ownLook", model("lane", "NJ=3 ONE_SNAPSHOT", "stuck")),
  inModel(
    "settlement-fenced-by-the-count-of-claims",
    "fence",
    model("fence", "BY_ATTEMPT FAILOVER", "violated")
  ),
  inModel("settlement-fenced-by-the-row", "fence", model("fence", "BY_ROW", "violated")),
  inModel(
    "every-message-a-step",
    "signalSteps",
    model("stopSignals", "EVERY_MESSAGE_A_STEP", "violated")
  ),
  inModel("steps-back-up", "signalSteps", model("stopSignals", "NOT_MONOTONE", "violated")),
  inModel("new-child-not-told", "tellingChildren", model("stopSignals", "NO_TELLING", "stuck")),
  inModel(
    "new-child-told-the-mode-of-before",
    "tellingChildren",
    model("stopSignals", "TELL_TOO_SOON", "stuck")
  ),
  inModel(
    "no-second-look-at-the-mode",
    "secondCheck",
    model("stopSignals", "CRASHES=1 NO_SECOND_CHECK", "violated")
  ),
  inModel(
    "disconnect-waited-for-only",
    "orphans",
    model("stopSignals", "PARENT_DIES NO_CONNECTED_CHECK", "stuck")
  ),
  inModel("no-claim-after-falling-asleep", "asleep", model("waking", "NO_LAST_CLAIM", "stuck")),
  inModel(
    "producer-looks-before-it-has-locked",
    "announcing",
    model("waking", "LOOKS_BEFORE_LOCK", "stuck")
  ),
  inModel("listens-without-a-look", "lookAfterListen", model("waking", "NO_EVERYTHING", "stuck")),
  inModel("wake-ups-forgotten-late", "asleep", model("waking", "FORGETS_LATE", "stuck"))
]
