export { type ContainerContexts, containerContexts } from './contexts.ts'
export { impliedOptions, labelsFor, levelsOf, type SelinuxLabels } from './labels.ts'
export { relabel } from './relabel.ts'
