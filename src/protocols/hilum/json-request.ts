/** JSON in the body of a request below /hilum/. */
import { ContractError } from '../../contract/errors.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** An empty body is an empty object. The message of JSON.parse is not passed on: it quotes the body. */
export function readObject(body: Uint8Array): JsonObject {
  if (body.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString())
  } catch {
    throw invalid('The body must be JSON.')
  }
  if (isObject(value)) return value
  throw invalid('The body must be a JSON object.')
}

export function textMember(object: JsonObject, name: string): string {
  const value = object[name]
  if (typeof value === 'string') return value
  throw invalid(`The body must have ${name}, a text.`)
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const invalid = (message: string) => new ContractError('ValidationException', message)
