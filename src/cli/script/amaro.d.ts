/** What pgq uses of a package that comes without types. */
declare module "amaro" {
  export const transformSync: (
    source: string,
    options: {
      readonly mode: "strip-only" | "transform"
      readonly sourceMap?: boolean
      readonly filename?: string
    }
  ) => { readonly code: string; readonly map?: string }
}
