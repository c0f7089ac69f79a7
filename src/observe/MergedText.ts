/**
 * Joins the pages of metrics of several processes into one: each series gets its process as a
 * label, since a sum would go down when a process ends.
 */

export interface ProcessText {
  readonly process: string
  readonly text: string
}

export const merged = (texts: ReadonlyArray<ProcessText>): string => {
  const families = new Map<
    string,
    { readonly head: Array<string>; readonly lines: Array<string> }
  >()
  for (const { process, text } of texts) {
    let lines: Array<string> = []
    let head: Array<string> = []
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const [, kind, name = ""] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? []
      if (kind === undefined) {
        lines.push(labelled(line, process))
        continue
      }
      const family = families.get(name)
      if (family === undefined) {
        head = [line]
        lines = []
        families.set(name, { head, lines })
      } else {
        lines = family.lines
        // The first process has told of the family.
        if (family.head === head) head.push(line)
      }
    }
  }
  return Array.from(families.values(), ({ head, lines }) => [...head, ...lines, ""].join("\n"))
    .join("")
}

const labelled = (line: string, process: string): string => {
  const label = `pgq_process="${process}"`
  const brace = line.indexOf("{")
  const space = line.indexOf(" ")
  return brace >= 0 && brace < space
    ? `${line.slice(0, brace + 1)}${label},${line.slice(brace + 1)}`
    : `${line.slice(0, space)}{${label}}${line.slice(space)}`
}
