/** The parsed template, and how its parts are written in error messages. */
import { quote } from '../go/quote.ts'
import type { GoValue } from '../go/types.ts'

interface At {
  /** Where it starts in the template. */
  readonly at: number
}

export interface BoolNode extends At {
  readonly type: 'bool'
  readonly value: boolean
}
export interface NumberNode extends At {
  readonly type: 'number'
  readonly text: string
  /** Its value as an untyped constant; undefined when it is too large for an int. */
  readonly constant: GoValue | undefined
}
export interface StringNode extends At {
  readonly type: 'string'
  readonly literal: string
  readonly text: string
}
export interface DotNode extends At {
  readonly type: 'dot'
}
export interface NilNode extends At {
  readonly type: 'nil'
}
/** `.A.B` */
export interface FieldNode extends At {
  readonly type: 'field'
  readonly names: readonly string[]
}
/** `$x.A.B`: the variable's name first, with its dollar. */
export interface VariableNode extends At {
  readonly type: 'variable'
  readonly names: readonly string[]
}
/** `(pipeline).A.B` */
export interface ChainNode extends At {
  readonly type: 'chain'
  readonly node: Operand
  readonly names: readonly string[]
}
/** The name of a function. */
export interface IdentifierNode extends At {
  readonly type: 'identifier'
  readonly name: string
}
export interface PipeNode extends At {
  readonly type: 'pipe'
  readonly variables: readonly string[]
  /** `=` instead of `:=`. */
  readonly assigns: boolean
  readonly commands: readonly CommandNode[]
}
export interface CommandNode extends At {
  readonly type: 'command'
  readonly operands: readonly Operand[]
}

export type Operand =
  | BoolNode
  | NumberNode
  | StringNode
  | DotNode
  | NilNode
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | PipeNode

export interface TextNode extends At {
  readonly type: 'text'
  readonly text: string
}
export interface ActionNode extends At {
  readonly type: 'action'
  readonly pipe: PipeNode
}
export interface BranchNode extends At {
  readonly type: 'if' | 'range' | 'with'
  readonly pipe: PipeNode
  readonly list: readonly Statement[]
  readonly otherwise: readonly Statement[] | undefined
}
export interface TemplateNode extends At {
  readonly type: 'template'
  readonly name: string
  readonly pipe: PipeNode | undefined
}
export interface JumpNode extends At {
  readonly type: 'break' | 'continue'
}

export type Statement = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode

export type Node = Statement | Operand | CommandNode

/** The node as source text. */
export function nodeText(node: Node): string {
  switch (node.type) {
    case 'bool':
      return String(node.value)
    case 'number':
      return node.text
    case 'string':
      return node.literal
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'identifier':
      return node.name
    case 'field':
      return node.names.map((name) => `.${name}`).join('')
    case 'variable':
      return node.names.join('.')
    case 'chain': {
      const inner = nodeText(node.node)
      return (
        (node.node.type === 'pipe' ? `(${inner})` : inner) + node.names.map((name) => `.${name}`).join('')
      )
    }
    case 'pipe': {
      const commands = node.commands.map(nodeText).join(' | ')
      const sign = node.assigns ? '=' : ':='
      return node.variables.length > 0 ? `${node.variables.join(', ')} ${sign} ${commands}` : commands
    }
    case 'command':
      return node.operands
        .map((operand) => (operand.type === 'pipe' ? `(${nodeText(operand)})` : nodeText(operand)))
        .join(' ')
    case 'text':
      return node.text
    case 'action':
      return `{{${nodeText(node.pipe)}}}`
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe ? ` ${nodeText(node.pipe)}` : ''}}}`
    case 'break':
    case 'continue':
      return `{{${node.type}}}`
    default: {
      const list = node.list.map(nodeText).join('')
      const otherwise = node.otherwise ? `{{else}}${node.otherwise.map(nodeText).join('')}` : ''
      return `{{${node.type} ${nodeText(node.pipe)}}}${list}${otherwise}{{end}}`
    }
  }
}
