/**
 * Plans steps for all jobs that a search finds.
 */
import type { Found } from "../state/foundParts.ts"
import { fits, mayDo, verbs } from "../state/operations.ts"
import { PlanDialog, usePlanning } from "./Planning.tsx"

export const PlanAll = ({ of: { items, next }, search }: {
  readonly of: Found
  readonly search: string
}) => {
  const planning = usePlanning()
  // A step for all jobs that there are is hardly meant, and above 10,000 jobs it is refused.
  if (search === "" || items.length === 0) return null
  return (
    <>
      <div class="actions">
        {(["retry", "cancel", "discard"] as const).map((action) =>
          mayDo(action) && (next !== null || items.some(({ state }) => fits(action, state)))
            ? (
              <button
                key={action}
                type="button"
                onClick={() =>
                  planning.plan({
                    action,
                    query: search,
                    about: "These are all jobs that the search finds now, shown here or not."
                  })}
              >
                {verbs[action]} all …
              </button>
            )
            : null
        )}
      </div>
      <PlanDialog of={planning} />
    </>
  )
}
