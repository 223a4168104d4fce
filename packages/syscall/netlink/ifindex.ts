import { bind } from '../libc.ts'

const ifNameToIndex = bind('unsigned int if_nametoindex(const char *name)')

/** The index of an interface in the calling thread's network namespace; undefined when there is none of that name. */
export function interfaceIndex(name: string): number | undefined {
  return ifNameToIndex(name) || undefined
}
