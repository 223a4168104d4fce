/** What is measured, with the most that Gantry may take of Docker's time or memory. */
import { buildCases } from './builds.ts'
import type { Case } from './case.ts'
import { containerCases } from './containers.ts'
import { imageCases } from './images.ts'
import { startCases } from './start.ts'
import { streamCases } from './streams.ts'

export const cases: Case[] = [...startCases, ...containerCases, ...streamCases, ...imageCases, ...buildCases]
