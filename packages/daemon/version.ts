import manifest from './package.json' with { type: 'json' }

/** The version of Gantry. */
export const productVersion: string = manifest.version
