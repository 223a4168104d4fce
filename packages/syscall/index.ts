export { bind, check, type NativeArgument, type NativeFunction, SystemCallError } from './libc.ts'
