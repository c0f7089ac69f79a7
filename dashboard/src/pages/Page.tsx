/**
 * A page: its title, which takes the focus when the page is shown, and its content.
 */
import type { ComponentChildren } from "preact"
import { useEffect } from "preact/hooks"

export const Page = ({ children, title }: {
  readonly title: string
  readonly children: ComponentChildren
}) => {
  useEffect(() => {
    document.title = `${title} · pgq`
  }, [title])
  return (
    <main>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </main>
  )
}

/** A part of a page under a heading. */
export const Section = ({ children, note, title }: {
  readonly title: string
  readonly note?: ComponentChildren
  readonly children: ComponentChildren
}) => (
  <section>
    <h2>
      {title}
      {note === undefined ? null : <small>{note}</small>}
    </h2>
    {children}
  </section>
)
