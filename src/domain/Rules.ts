/**
 * The rules of a kind: which one a failed run falls under, and its answer.
 */
import { Cause, Result, Schema } from "effect"
import * as ErrorMembers from "./ErrorMembers.ts"
import * as OnError from "./OnError.ts"
import * as RuleIssue from "./RuleIssue.ts"
import * as Steering from "./Steering.ts"

/** The rules of a kind of job. */
export interface Rules {
  /** The rules for the errors of the kind. `undefined` if it declares none. */
  readonly declared: ReadonlyArray<Declared> | undefined
  /** The rule for any other failure. */
  readonly onDefect: OnError.Rule
  readonly onTimeout: OnError.OnError
  /** The reason why no worker can work with these rules. */
  readonly issue: string | undefined
}

interface Declared {
  readonly member: ErrorMembers.Member
  readonly rule: OnError.Rule
}

/** The rules as an application gives them. The types of a kind say which `onError` fits. */
export interface Options {
  readonly error?: Schema.Top | undefined
  readonly onError?: unknown
  readonly onDefect?: OnError.Rule | undefined
  readonly onTimeout?: OnError.OnError | undefined
}

export const make = (options: Options): Rules => {
  const { error, onDefect = OnError.retry(), onTimeout = OnError.retry() } = options
  // A caller in JavaScript may pass anything.
  const members = Schema.isSchema(error) ? ErrorMembers.of(error) : []
  const rules = new Map<string, unknown>(Object.entries(options.onError ?? {}))
  const declared = members.flatMap((member) => {
    const rule = member.tag === undefined ? undefined : rules.get(member.tag)
    return RuleIssue.isRule(rule) ? [{ member, rule }] : []
  })
  return {
    declared: error === undefined ? undefined : declared,
    onDefect,
    onTimeout,
    issue: RuleIssue.of({ error, members, rules, onDefect, onTimeout })
  }
}

/** The rules of a kind that says nothing about errors. */
export const defaults: Rules = make({})

/** The rule for a failure, and the error that the rule is given. */
export const find = (rules: Rules, cause: Cause.Cause<unknown>): {
  readonly rule: OnError.Rule
  readonly error: unknown
  /** The kind of error that the kind of job has declared. */
  readonly member?: ErrorMembers.Member
} => {
  for (const error of candidates(cause)) {
    const declared = rules.declared?.find(({ member }) => member.matches(error))
    if (declared !== undefined) return { ...declared, error }
    const rule = rules.declared === undefined ? steeredBy(error) : undefined
    if (rule !== undefined) return { rule, error }
  }
  return { rule: rules.onDefect, error: Cause.squash(cause) }
}

/** Defects count, too: a finalizer that dies turns a failure into a defect. */
const candidates = ({ reasons }: Cause.Cause<unknown>): ReadonlyArray<unknown> => [
  ...reasons.filter(Cause.isFailReason).map(({ error }) => error),
  ...reasons.filter(Cause.isDieReason).map(({ defect }) => defect)
]

/** A getter of an error may throw; such an error steers nothing. */
const steeredBy = (error: unknown): OnError.OnError | undefined =>
  Result.getOrUndefined(Result.try(() => Steering.answerOf(error)))

/** The answer of a rule. Fails if the rule throws, or answers with anything else. */
export const answerOf = (
  rule: OnError.Rule,
  error: unknown,
  job: OnError.FailedJob
): Result.Result<OnError.OnError, unknown> => {
  const answered = typeof rule === "function"
    ? Result.try(() => rule(error, job))
    : Result.succeed(rule)
  return Result.flatMap(
    answered,
    (answer) =>
      RuleIssue.isAnswer(answer)
        ? Result.succeed(answer)
        : Result.fail("a rule answered with something that is no OnError")
  )
}
