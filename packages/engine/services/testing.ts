/** Doubles for the services' own tests. */
import type { EventType } from '../contracts.ts'

/** A table in memory. */
export function memoryTable<T>() {
  const rows = new Map<string, T>()
  return {
    get: (key: string) => rows.get(key),
    set: (key: string, value: T) => void rows.set(key, value),
    delete: (key: string) => rows.delete(key),
    values: () => [...rows.values()],
  }
}

/** Notes what is published, as `volume create data {"driver":"local"}`. */
export function eventRecorder() {
  const seen: string[] = []
  const publish = (type: EventType, action: string, id: string, attributes: Record<string, string>) =>
    void seen.push(`${type} ${action} ${id} ${JSON.stringify(attributes)}`)
  return { seen, publish }
}
