/**
 * The password file, by libpq's rules. Of its lines `host:port:dbname:user:password` the first
 * match counts; `*` matches everything, and a backslash quotes a colon or a backslash.
 */
export interface Wanted {
  /** For a default socket directory, `localhost` too. */
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

// Four fields that each end with a colon, then the password, whose colons need no backslash.
const linePattern = /^((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):((?:[^\\:]|\\.)*):(.*)$/

const plain = (field: string): string => field.replace(/\\(.)/g, "$1")
