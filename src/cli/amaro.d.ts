/** What pgq uses of a package that comes without types. */
declare module "amaro" {
  export const transformSync: (
    source: string,
    options: { readonly mode: "strip-only" }
  ) => { readonly code: string }
}
