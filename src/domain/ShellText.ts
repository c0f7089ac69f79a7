/**
 * Texts in a command that a person pastes into a shell.
 */

/** A word as it is if the shell takes it so, else in quotes. */
export const word = (text: string): string =>
  /^[\w./:@%+,-]+$/.test(text) && !text.startsWith("-")
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`
