export { type ContainerContexts, containerContexts, type SelinuxPaths } from './contexts.ts'
export { impliedOptions, labelsFor, levelsOf, type SelinuxLabels } from './labels.ts'
export { relabel } from './relabel.ts'
