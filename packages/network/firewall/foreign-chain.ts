import type { Nftables } from '@gantry/syscall'

interface Rule {
  handle: number
  comment?: string
}

/**
 * The FORWARD chain of iptables (its nftables variant). Docker, ufw and others drop there what they do not know, and a
 * drop is final whatever our own table says. So, like Docker, we let our bridges through it; our table filters.
 */
export class ForeignForwardChain {
  readonly #nftables: Nftables
  readonly #comment: string

  constructor(nftables: Nftables, table: string) {
    this.#nftables = nftables
    this.#comment = table
  }

  /** Makes the chain let exactly these bridges through, where there is such a chain. Touches rules of ours only. */
  allow(bridges: readonly string[]): void {
    for (const family of ['ip', 'ip6']) this.#allowIn(`${family} filter FORWARD`, bridges)
  }

  #allowIn(chain: string, bridges: readonly string[]): void {
    const rules = this.#rules(chain)
    if (!rules) return
    const wanted = bridges.flatMap((name) => [`iifname "${name}"`, `oifname "${name}"`])
    const commentOf = (match: string) => `${this.#comment} ${match.replaceAll('"', '')}`
    const comments = new Set(wanted.map(commentOf))
    const ours = rules.filter(({ comment }) => comment?.startsWith(`${this.#comment} `))
    const present = new Set(ours.map(({ comment }) => comment))
    const commands = [
      ...ours
        .filter(({ comment }) => !comments.has(comment as string))
        .map(({ handle }) => `delete rule ${chain} handle ${handle}`),
      ...wanted
        .filter((match) => !present.has(commentOf(match)))
        .map((match) => `insert rule ${chain} ${match} counter accept comment "${commentOf(match)}"`),
    ]
    if (commands.length > 0) this.#nftables.run(commands.join('\n'))
  }

  #rules(chain: string): Rule[] | undefined {
    try {
      const objects = this.#nftables.list(`list chain ${chain}`) as { rule?: Rule }[]
      return objects.flatMap(({ rule }) => (rule ? [rule] : []))
    } catch {
      return undefined
    }
  }
}
