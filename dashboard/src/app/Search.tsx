/**
 * A search for jobs from any page. The page of jobs has a box of its own.
 */
import { useSignal } from "@preact/signals"
import { go, page, to } from "../state/route.ts"
import { idOf } from "../state/searchText.ts"
import { session } from "../state/session.ts"

export const Search = () => {
  const text = useSignal("")
  if (session.value === undefined || page.value === "jobs") return null

  const submit = (event: Event) => {
    event.preventDefault()
    const search = text.value.trim()
    const id = idOf(search)
    text.value = ""
    go(id === undefined ? to("jobs", search === "" ? {} : { q: search }) : to("job", { id }))
  }
  return (
    <form class="search" role="search" onSubmit={submit}>
      <input
        type="search"
        aria-label="Search for jobs"
        placeholder="Search"
        title="A search such as queue:mail state:failed, or an id"
        value={text}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
      />
    </form>
  )
}
