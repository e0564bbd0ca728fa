/** Numbers in the query of a request below /hilum/. */
import { ContractError } from '../../contract/errors.ts'

/** @throws ContractError where the query has no such number */
export function requiredNumber(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new ContractError('ValidationException', `The query must have ${name}, a whole number from 1.`)
}

export const optionalNumber = (query: URLSearchParams, name: string): number | undefined =>
  query.has(name) ? requiredNumber(query, name) : undefined
