/**
 * What building is made of, and what it needs from outside. A Dockerfile becomes a graph of typed steps (`Step`); the
 * solver runs those that the target needs, each once, and keeps what came out under a key made of content. What a step
 * does to files and processes is behind `Snapshots`, `Runner`, `Files` and `Sources`, which the engine provides.
 */

export type * from './contracts/builds.ts'
export type * from './contracts/cache.ts'
export type * from './contracts/files.ts'
export type * from './contracts/runner.ts'
export type * from './contracts/snapshots.ts'
export type * from './contracts/steps.ts'
