/**
 * The terms of a search that have one value each.
 */
import { Option } from "effect"
import type { JobQuery } from "./JobQuery.ts"
import * as Values from "./JobQueryValues.ts"
import type { Word } from "./JobQueryWords.ts"

export interface Term {
  readonly name: string
  /** The values that a term takes, for people. */
  readonly is: string
  /** The search that has this term alone. */
  readonly read: (value: Word) => Option.Option<JobQuery>
  /** The value of the term in a search; `undefined` if the search has it not. */
  readonly print: (query: JobQuery) => string | undefined
}

const of = <A>(
  name: string,
  { is, print, read }: Values.Value<A>,
  put: (value: A) => JobQuery,
  get: (query: JobQuery) => A | undefined
): Term => ({
  name,
  is,
  read: (word) => Option.map(read(word), put),
  print: (query) => {
    const value = get(query)
    return value === undefined ? undefined : print(value)
  }
})

/** In the order in which they are printed. */
export const terms: ReadonlyArray<Term> = [
  of("id", Values.range, (id) => ({ id }), ({ id }) => id),
  of("state", Values.anyState, (state) => ({ state }), ({ state }) => state),
  of("queue", Values.text, (queue) => ({ queue }), ({ queue }) => queue),
  of("name", Values.pattern, (name) => ({ name }), ({ name }) => name),
  of("key", Values.text, (key) => ({ key }), ({ key }) => key),
  of("priority", Values.range, (priority) => ({ priority }), ({ priority }) => priority),
  of("attempt", Values.range, (attempt) => ({ attempt }), ({ attempt }) => attempt),
  of("worker", Values.pattern, (worker) => ({ worker }), ({ worker }) => worker),
  of("older", Values.span, (older) => ({ older }), ({ older }) => older),
  of("since", Values.since, (since) => ({ since }), ({ since }) => since),
  of("error", Values.text, (error) => ({ error }), ({ error }) => error),
  of("text", Values.text, (text) => ({ text }), ({ text }) => text)
]

const byName = new Map(terms.map((term) => [term.name, term]))

/** Other names of terms. */
const aliases = new Map([["kind", "name"], ["prio", "priority"]])

/** How a job has ended is a state of it. */
const outcome = of("state", Values.anyOutcome, (state) => ({ state }), ({ state }) => state)

export const find = (name: string): Term | undefined =>
  name === "outcome" ? outcome : byName.get(aliases.get(name) ?? name)
