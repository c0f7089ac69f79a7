/**
 * Plans steps for the jobs of a group of failures.
 */
import type { FailureGroup } from "../../../src/domain/FailureGroups.ts"
import { partOf, searchOf } from "../state/groupSearch.ts"
import { mayDo, verbs } from "../state/operations.ts"
import type { Planning } from "./Planning.tsx"

const statesOf = {
  retry: "failed,crashed,retry,blocked",
  discard: "retry,blocked"
} as const

interface Properties {
  readonly of: FailureGroup
  readonly queue: string
  readonly plan: Planning["plan"]
}

export const GroupActions = ({ of: group, plan, queue }: Properties) => (
  <span class="list">
    {(["retry", "discard"] as const).map((action) =>
      !mayDo(action) || action === "discard" && group.unfinished.value === 0 ? null : (
        <button
          key={action}
          type="button"
          aria-label={`${verbs[action]} … the jobs of ${group.name}: ${group.fingerprint}`}
          onClick={() =>
            plan({
              action,
              query: searchOf(group, statesOf[action], queue),
              about: <About of={group} isDiscard={action === "discard"} />
            })}
        >
          {verbs[action]} …
        </button>
      )
    )}
  </span>
)

const About = ({ isDiscard, of: { fingerprint, name } }: {
  readonly of: FailureGroup
  readonly isDiscard: boolean
}) => (
  <>
    {partOf(fingerprint) === undefined
      ? `The error says too little to search for: these are all failed jobs of ${name}.`
      : "A search knows no groups: these are the jobs whose error has this text."}
    {isDiscard ? " Those that have failed for good are in the history already." : null}
  </>
)
