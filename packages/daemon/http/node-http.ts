/**
 * `node:http` taken from the runtime directly. Importing it as an ES module would look at each of its exports, and one
 * of them loads the whole of `fetch`: some 60 ms and several megabytes that the daemon has no use for.
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
