export { checkLogConfig, driverOf, type LogConfig, logDriverNames } from './drivers.ts'
export { LogKeeper, type LogKeeperParts, type LogRow, logInfo } from './keeper.ts'
