/**
 * The jobs that a search finds. The address has the search.
 */
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import * as CountText from "../../../src/domain/CountText.ts"
import { Ago, Time } from "../parts/Figures.tsx"
import { Jobs as Rows, states } from "../parts/Jobs.tsx"
import { PlanAll } from "../parts/PlanAll.tsx"
import { Refused } from "../parts/Refused.tsx"
import { useFound } from "../state/found.ts"
import type { Found } from "../state/foundParts.ts"
import { parameters, replace, to } from "../state/route.ts"
import { statesOf, withState } from "../state/searchText.ts"
import { Page } from "./Page.tsx"

export const Jobs = () => {
  const search = parameters.value.get("q") ?? ""
  const turn = useSignal(0)
  return (
    <Page title="Jobs">
      <Filter search={search} again={() => (turn.value += 1)} />
      <Asked search={search} turn={turn.value} />
    </Page>
  )
}

const show = (search: string) => replace(to("jobs", search === "" ? {} : { q: search }))

const Filter = ({ again, search }: {
  readonly search: string
  readonly again: () => void
}) => {
  const text = useSignal(search)
  useEffect(() => {
    text.value = search
  }, [search])

  const submit = (event: Event) => {
    event.preventDefault()
    const asked = text.value.trim()
    if (asked === search) again()
    else show(asked)
  }
  return (
    <>
      <form class="search" role="search" onSubmit={submit}>
        <input
          type="search"
          aria-label="Search"
          aria-describedby="terms"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <button type="submit">Find</button>
      </form>
      <p class="about" id="terms">
        A job is found that fits all terms, such as <code>queue:mail</code>,{" "}
        <code>name:send-*</code>, <code>key:"customer 7"</code>, <code>error:"timed out"</code> or
        {" "}
        <code>since:1h</code>.
      </p>
      <States text={text.value} />
    </>
  )
}

const States = ({ text }: { readonly text: string }) => {
  const chosen = statesOf(text)
  return (
    <div class="ranges states" role="group" aria-label="State">
      <button
        type="button"
        aria-pressed={chosen.length === 0}
        onClick={() => show(withState(text))}
      >
        all
      </button>
      {states.map((state) => (
        <button
          key={state}
          type="button"
          aria-pressed={chosen.includes(state)}
          onClick={() => show(withState(text, state))}
        >
          {state}
        </button>
      ))}
    </div>
  )
}

const Asked = ({ search, turn }: { readonly search: string; readonly turn: number }) => {
  const { failure, found, further, isLooking, stop } = useFound(search, turn)
  const refusal = failure.value
  const list = found.value
  if (refusal?.position !== undefined) return <Refused of={refusal} search={search} />
  return (
    <>
      {refusal === undefined ? null : <Refused of={refusal} search={search} />}
      {list !== undefined
        ? <Rows jobs={list.items} empty={emptyText(list, search)} />
        : refusal === undefined
        ? <p class="empty">Looking for jobs …</p>
        : null}
      {list === undefined ? null : <Scanned of={list} />}
      {list === undefined || list.next === null ? null : (
        <div class="actions">
          <button type="button" onClick={isLooking.value ? stop : further}>
            {isLooking.value ? "Stop looking" : list.isFull ? "More jobs" : "Look further"}
          </button>
        </div>
      )}
      {list === undefined ? null : <PlanAll of={list} search={search} />}
    </>
  )
}

const emptyText = ({ next }: Found, search: string): string =>
  next !== null
    ? "No job is found so far."
    : search === ""
    ? "There is no job, and none is in the history."
    : "No job fits this search."

/** How many jobs are found, and how far the search has looked. */
const Scanned = ({ of: { at, downTo, items, next, rows } }: { readonly of: Found }) => (
  <p class="about">
    <span role="status">
      {CountText.grouped(items.length)} found
      {next === null ? ", and these are all. " : (
        <>
          ; looked at {CountText.grouped(rows)} {rows === 1 ? "job" : "jobs"}
          {downTo === null ? null : (
            <>
              , back to <Time at={downTo} />
            </>
          )}.{" "}
        </>
      )}
    </span>
    The list was made <Ago at={new Date(at).toISOString()} />; Find makes it anew.
  </p>
)
