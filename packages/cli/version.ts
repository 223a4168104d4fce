import cli from './package.json' with { type: 'json' }

/** The version of this command line. */
export const version: string = cli.version
