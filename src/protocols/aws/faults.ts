/**
 * Faults of an input, and the ValidationException that reports them in the sentences of AWS's Coral framework. A test of the AWS SDK for
 * JavaScript compares these literally.
 */
import { ContractError, type FieldFault } from '../../contract/errors.ts'

/** The location of a member or list item; a chain of these is no deeper than the shapes. */
export interface InputPath {
  readonly parent: InputPath | undefined
  readonly name: string | number
}

/** The input as a whole, the root of every location. */
export const INPUT: InputPath = { parent: undefined, name: '' }

export interface Fault {
  readonly at: InputPath
  /** Undefined where the value is sensitive or not a scalar. */
  readonly value?: string | null | undefined
  readonly constraint: string
}

/** Checking stops after this many faults. */
export const FAULTS_MAX = 32
const SHOWN_VALUE_MAX = 64

export function validationError(faults: readonly Fault[]): ContractError {
  const sentences = faults.map(sentenceOf)
  const count = faults.length === 1 ? '1 validation error' : `${faults.length} validation errors`
  const fields = faults.map(
    (fault, index): FieldFault => ({ path: pointerOf(fault.at), message: sentences[index] as string }),
  )
  return new ContractError('ValidationException', `${count} detected: ${sentences.join('; ')}`, { fields })
}

function sentenceOf({ at, value, constraint }: Fault): string {
  const shown = value === undefined ? 'Value' : value === null ? 'Value null' : `Value '${cut(value)}'`
  return `${shown} at '${coralPathOf(at)}' failed to satisfy constraint: ${constraint}`
}

const cut = (value: string): string =>
  value.length <= SHOWN_VALUE_MAX ? value : `${value.slice(0, SHOWN_VALUE_MAX)}...`.toWellFormed()

/** `searchCriteria.filters.1.member.operator`: list items count from one. */
function coralPathOf({ parent, name }: InputPath): string {
  if (parent === undefined) return ''
  const own = typeof name === 'number' ? `${name + 1}.member` : name
  return parent === INPUT ? own : `${coralPathOf(parent)}.${own}`
}

/** `/searchCriteria/filters/0/operator` (RFC 6901; no name in the contract needs escaping). */
export function pointerOf({ parent, name }: InputPath): string {
  return parent === undefined ? '' : `${pointerOf(parent)}/${name}`
}
