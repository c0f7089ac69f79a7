/**
 * The HTTP API for operators, in an application's own server: as a layer of an Effect `HttpRouter`,
 * or as a function of a `Request` to a `Response`.
 */
export * as Access from "./http/Access.ts"
export * as AdminApi from "./http/AdminApi.ts"
export * as Dashboard from "./http/Dashboard.ts"
export { Unauthenticated } from "./http/Problems.ts"
export * as Redaction from "./http/Redaction.ts"
