/** The part of `amaro` that pgq uses. The package has no types of its own. */
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
