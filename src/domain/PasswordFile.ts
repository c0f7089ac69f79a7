/**
 * The password file, by libpq's rules: of lines `host:port:dbname:user:password` the first that
 * fits counts, `*` fits all, and a backslash takes a colon or a backslash as it is.
 */
export interface Wanted {
  /** Of a default socket directory, `localhost` as well. */
  readonly hosts: ReadonlyArray<string>
  readonly port: number
  readonly dbname: string
  readonly user: string
}

export const find = (text: string, wanted: Wanted): string | undefined => {
  const fields = [wanted.hosts, [String(wanted.port)], [wanted.dbname], [wanted.user]]
  for (const line of text.split(/\r?\n/)) {
    const found = line.startsWith("#") ? undefined : linePattern.exec(line)
    if (
      found?.slice(1, 5).every((field, at) => field === "*" || fields[at]?.includes(plain(field)))
    ) {
      return plain(found[5] ?? "")
    }
  }
  return undefined
}

// Four fields that end with a colon each, and the rest: a colon in a password needs no backslash.
const linePattern = /^((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):(.*)$/

const plain = (field: string): string => field.replace(/\\(.)/g, "$1")
