export { checkLogConfig, logDriverNames } from './drivers.ts'
export { LogKeeper, logInfo } from './keeper.ts'
