import { randomInt } from 'node:crypto'
import { GantryError } from '@gantry/errors'

/** Throws InvalidParameter for what cannot be a container's name. A leading slash is taken off. */
export function parseName(text: string): string {
  const name = text.replace(/^\//, '')
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new GantryError(
      'InvalidParameter',
      `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    )
  }
  return name
}

/** A name for a container that was given none, `calm_hopper`; with a digit when luck does not find a free one. */
export function generateName(taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const pair = `${pick(adjectives)}_${pick(surnames)}`
    const name = tries < 8 ? pair : `${pair}${randomInt(10 ** Math.min(tries - 7, 9))}`
    if (!taken(name)) return name
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] as string
}

const adjectives =
  `able airy amber ample apt bold brave breezy bright brisk calm candid careful cheerful clear clever cosy crisp curious
  daring deft dewy eager early earnest easy exact fair fearless festive fine firm fleet fluent fond frank free fresh
  gentle glad golden graceful grand happy hardy hearty honest humble jolly jovial keen kind lasting light lively loyal
  lucid lucky mellow merry mild modest neat nimble noble open patient plucky polite prime proud pure quick quiet ready
  robust rosy serene sharp silent simple sincere sleek smart snug solid sound spry stable steady still sunny sure swift
  tidy true trusty upbeat valiant vivid warm wise witty zesty`.split(/\s+/)

/** People who made computing, mathematics and the sciences what they are, and carriers of cargo. */
const surnames =
  `abel airy ampere babbage backus banach bardeen bartik bell bernoulli bohr boole borg bose boyle brahe carson cauchy
  cayley cerf chandra chomsky church clarke codd conway cray curie dahl darwin davies diffie dijkstra dirac
  easley einstein engelbart erdos euclid euler faraday fermat fermi feynman floyd fourier franklin galois gauss germain
  goldberg goldwasser granville gray hamilton hamming hardy hellman hertz hilbert hoare holberton hopper hypatia
  iverson jacobi jennings joliot joule kalman kay keller kepler kernighan khorana kilby kleene knuth kolmogorov
  kovalevskaya lagrange lamarr lamport laplace leavitt leibniz liskov lovelace maxwell mccarthy mcclintock mcilroy
  mclean meitner milner minsky moore morse naur neumann newell newton noether noyce nygaard ohm pascal pasteur payne
  perlis perlman planck poincare ramanujan ritchie rivest robinson rubin sammet shannon shamir shaw simon stallman
  stibitz tarjan tesla thompson torvalds turing ulam volta wiener wilkes wirth wu yalow yao zuse`.split(/\s+/)
