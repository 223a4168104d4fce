export { ApiError } from './api-error.ts'
export { type ConfigFile, type ConfigSettings, configDirectory, readConfigFile } from './config-file.ts'
export type { Client, HijackedConnection, PathParameters, PendingAnswer, Request } from './contracts.ts'
export { type OperationName, operations } from './operations.ts'
