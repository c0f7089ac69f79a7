/**
 * The address of the page, below the path where the dashboard is mounted.
 */
import { computed, signal } from "@preact/signals"

const base = new URL(document.baseURI).pathname

const here = () =>
  `${location.pathname}/` === base
    ? ""
    : location.pathname.startsWith(base)
    ? location.pathname.slice(base.length)
    : undefined

const path = signal(here())
const search = signal(location.search)

/** The name of the page, without a slash in front: empty for the overview. */
export const page = computed(() => path.value?.replace(/\/$/, ""))

/** The parameters of the address. */
export const parameters = computed(() => new URLSearchParams(search.value))

/** An address below the mounted path. Values are escaped, so names may hold any character. */
export const to = (page: string, query: Readonly<Record<string, string>> = {}): string => {
  const parameters = new URLSearchParams(query).toString()
  return `${base}${page}${parameters === "" ? "" : `?${parameters}`}`
}

/** Shows another page without loading it. */
export const go = (address: string): void => {
  history.pushState(null, "", address)
  follow()
  scrollTo(0, 0)
  // Who uses a screen reader or the keyboard goes on at the top of the new page.
  requestAnimationFrame(() => document.querySelector<HTMLElement>("h1")?.focus())
}

/** Changes a parameter of the address, and stays where the person is. */
export const put = (name: string, value: string): void => {
  const query = new URLSearchParams(location.search)
  query.set(name, value)
  history.pushState(null, "", `${location.pathname}?${query}`)
  follow()
}

/** Shows the same page with other parameters. The focus stays, and there is no way back. */
export const replace = (address: string): void => {
  history.replaceState(null, "", address)
  follow()
}

const follow = (): void => {
  path.value = here()
  search.value = location.search
}

/** Shows pages of the dashboard without loading them when links to them are followed. */
export const begin = (): void => {
  addEventListener("popstate", follow)
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest("a") : null
    if (link === null || link.target !== "" || link.origin !== location.origin) return
    if (!link.pathname.startsWith(base) || link.dataset["load"] !== undefined) return
    event.preventDefault()
    go(link.href)
  })
}
