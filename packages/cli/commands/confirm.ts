import type { CommandContext } from '../framework/command.ts'

/** Shows a question that ends in `[y/N] ` and reads a line: whether it says yes. The end of stdin means no. */
export async function confirm({ stdin, stdout }: CommandContext, question: string): Promise<boolean> {
  stdout.write(question)
  let answer = ''
  for await (const bytes of stdin) {
    answer += String(bytes)
    if (answer.includes('\n')) break
  }
  return answer.split('\n')[0]?.trim().toLowerCase() === 'y'
}
