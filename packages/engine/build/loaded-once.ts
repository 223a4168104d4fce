/**
 * A module that is loaded for the first who needs it. The others do not ask the loader again, which takes Node.js longer than
 * most of what they do.
 */
export function loadedOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null
  return () => {
    loading ??= load()
    return loading
  }
}
