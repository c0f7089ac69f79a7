/**
 * The name of the page's product, how old its figures are, and the person's choices.
 */
import * as Span from "../../../src/domain/Span.ts"
import { age, failure, isOld, isStopped, toggle } from "../state/live.ts"
import { to } from "../state/route.ts"
import { session } from "../state/session.ts"
import { after, theme, themes, zone, zones } from "../state/settings.ts"
import { isHelpOpen } from "./keys.ts"
import { Search } from "./Search.tsx"

const Age = () => {
  const seconds = age.value
  if (seconds === undefined) return null
  const text = isStopped.value ? "stopped" : isOld.value ? "old" : "live"
  const span = Span.ofSeconds(Math.floor(seconds))
  return (
    <span class={`age ${text}`} title={failure.value}>
      <span class="dot" aria-hidden="true" />
      {text === "live"
        ? (
          <>
            live<span class="wide">{span}</span>
          </>
        )
        : `${span} old`}
    </span>
  )
}

export const Header = () => (
  <header>
    <a class="brand" href={to("")}>pgq</a>
    {session.value === undefined || session.value.schema === "pgq"
      ? null
      : <span class="schema" title="The schema">{session.value.schema}</span>}
    <Age />
    <button type="button" onClick={toggle} aria-pressed={isStopped.value}>
      {isStopped.value ? "Go on" : "Stop"}
    </button>
    <span class="space" />
    <Search />
    <button type="button" onClick={() => (zone.value = after(zones, zone.value))}>
      <span class="wide">Times:</span> {zone.value}
    </button>
    <button type="button" onClick={() => (theme.value = after(themes, theme.value))}>
      <span class="wide">Theme:</span> {theme.value}
    </button>
    <button type="button" aria-label="Keys" onClick={() => (isHelpOpen.value = true)}>?</button>
  </header>
)
