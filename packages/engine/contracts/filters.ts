/** Filters of lists. */

/** Filters of a list request, `{"status": ["running"], "label": ["a=b"]}`, checked against what the list knows. */
export type Filters = Readonly<Record<string, readonly string[]>>
