/**
 * `node:http` taken from the runtime directly. Importing it as an ES module would look at each of its exports, and one
 * of them loads the whole of `fetch`: some 60 ms of the daemon's start, and 2 MB for as long as it runs.
 */
export const { Agent: HttpAgent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
