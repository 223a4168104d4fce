/**
 * What a JSON request body may look like, as data: read from the OpenAPI document so that the daemon can check bodies
 * without a line written by hand for each field. `{ ref }` names an entry of `shapes`.
 */
export type Shape =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'any'
  /** An array of strings, for which one string may stand: Cmd, Entrypoint. */
  | 'command'
  | { readonly array: Shape }
  | { readonly map: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }
  | { readonly ref: string }
