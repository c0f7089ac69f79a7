/**
 * One operation: what it would do or has done, and what became of each of its jobs.
 */
import type { OperationPlan } from "../../../src/domain/Operation.ts"
import { Number, Time } from "../parts/Figures.tsx"
import { OperationActions } from "../parts/OperationActions.tsx"
import { OperationItems } from "../parts/OperationItems.tsx"
import { Parts, Results } from "../parts/OperationParts.tsx"
import { OperationProgress } from "../parts/OperationProgress.tsx"
import { OperationState } from "../parts/OperationState.tsx"
import { useAsked } from "../state/asked.ts"
import { parameters, to } from "../state/route.ts"
import { Page, Section } from "./Page.tsx"

export const Operation = () => {
  const id = parameters.value.get("id") ?? ""
  return (
    <Page title="Operation">
      {/^[0-9a-f-]{36}$/i.test(id)
        ? <Asked key={id} id={id} />
        : <p class="empty">The address names no operation: an id is a uuid.</p>}
    </Page>
  )
}

const Asked = ({ id }: { readonly id: string }) => {
  const { again, failure, value } = useAsked<OperationPlan>(`operations/${id}`)
  if (failure.value?.status === 404) {
    return <p class="empty">There is no such operation, or it is older than 24 hours.</p>
  }
  if (value.value === undefined) {
    return failure.value === undefined
      ? <p class="empty">Looking for the operation …</p>
      : (
        <p class="empty failed" role="alert">
          The operation cannot be shown: {failure.value.text}.
        </p>
      )
  }
  return (
    <>
      {failure.value === undefined
        ? null
        : <p class="empty failed" role="alert">This may be old: {failure.value.text}.</p>}
      <Found plan={value.value} again={again} />
    </>
  )
}

const Found = ({ again, plan }: { readonly plan: OperationPlan; readonly again: () => void }) => (
  <>
    <p class="lead">
      <strong>{plan.action}</strong>
      <OperationState of={plan.state} />
    </p>
    <p class="about text">
      Planned by {plan.actor} <Time at={plan.at} />
      {plan.reason === null ? null : `: ${plan.reason}`}
      {plan.query === null ? null : (
        <>
          {" · "}
          <a href={to("jobs", { q: plan.query })}>{plan.query}</a>
        </>
      )}
    </p>
    <OperationProgress of={plan} />
    <OperationActions operation={plan} again={again} />
    <Figures of={plan} />
    <Section title="Plan" note="the jobs as they were when it was made">
      <Parts of={plan} />
    </Section>
    <Results of={plan} />
    <Section title="Jobs" note="by id">
      <OperationItems of={plan} />
    </Section>
  </>
)

const Figures = ({ of: plan }: { readonly of: OperationPlan }) => (
  <dl class="figures">
    {([
      ["Jobs", plan.planned],
      ["Changed", plan.done],
      ["Skipped", plan.skipped],
      ["Left", plan.left],
      ["Undone", plan.undone],
      ["Can be undone", plan.canUndo]
    ] as const).map(([name, count]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>
          <Number of={count} />
        </dd>
      </div>
    ))}
  </dl>
)
