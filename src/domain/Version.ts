/**
 * The version of this pgq.
 */

/** The version in `package.json`, which a bundled program does not have. */
export const version = "0.1.0"
