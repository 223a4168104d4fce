export { type Digest, hexOf, isDigest, parseDigest } from './digest.ts'
