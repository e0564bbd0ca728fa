/**
 * Parses JSON strictly, as far as metadata may contain it: no booleans, no duplicate keys, no unpaired surrogates, all digits of integers,
 * and bounded depth and size. Objects are maps, so that no key has a meaning in JavaScript. Messages contain positions and never values.
 */
import { ContractError } from '../../contract/errors.ts'

export type Json = string | number | bigint | null | readonly Json[] | JsonObject
export type JsonObject = ReadonlyMap<string, Json>

export interface JsonLimits {
  /** Nested objects and lists. */
  readonly depthMax: number
  /** Values in total. */
  readonly valuesMax: number
}

/** Updates and copies: the tree has 9 levels down to a value, and each level of a sequence adds 2. */
const REQUEST_JSON: JsonLimits = { depthMax: 64, valuesMax: 200_000 }
/** What Hilum wrote itself was within the limits of an import. */
const STORED_JSON: JsonLimits = { depthMax: Number.POSITIVE_INFINITY, valuesMax: Number.POSITIVE_INFINITY }
const NUMBER_CHARACTERS_MAX = 64

export const isObject = (value: Json): value is JsonObject => value instanceof Map
export const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** @throws ContractError ValidationException; `what` is the member of the request that contains the text */
export function readJson(text: string, what: string, limits: JsonLimits = REQUEST_JSON): Json {
  const reading = new Reading(text, what, limits)
  const value = reading.value(1)
  reading.end()
  return value
}

/** A value of a stored document. */
export const readStoredJson = (text: string): Json => readJson(text, 'stored metadata', STORED_JSON)

/** Callers often encode once too often, as AWS's examples do for version 2 of its CLI. */
export const isBase64OfJson = (text: string): boolean =>
  /^[A-Za-z0-9+/\s]+={0,2}$/.test(text.trim()) &&
  Buffer.from(text, 'base64').toString('latin1').trimStart().startsWith('{')

export function jsonText(value: Json): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0.0' : String(value)
  if (typeof value === 'bigint') return String(value)
  if (isList(value)) return `[${value.map(jsonText).join(',')}]`
  if (isObject(value)) {
    return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

class Reading {
  readonly #text: string
  readonly #what: string
  readonly #limits: JsonLimits
  #at = 0
  #values = 0

  constructor(text: string, what: string, limits: JsonLimits) {
    this.#text = text
    this.#what = what
    this.#limits = limits
  }

  value(depth: number): Json {
    this.#values += 1
    if (this.#values > this.#limits.valuesMax) throw this.#fault(`holds more than ${this.#limits.valuesMax} values`)
    this.#space()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#list(depth)
      case '"':
        return this.#string()
      case 'n':
        this.#word('null')
        return null
      case 't':
      case 'f':
        throw this.#fault(`has true or false ${this.#place()}: no attribute of DICOM is a boolean`)
      default:
        return this.#number()
    }
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) throw this.#notJson()
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>()
    this.#open(depth)
    while (!this.#closes('}', members.size)) {
      this.#space()
      if (this.#text[this.#at] !== '"') throw this.#notJson()
      const place = this.#place()
      const key = this.#string()
      if (members.has(key)) throw this.#fault(`names a member twice ${place}`)
      this.#space()
      this.#word(':')
      members.set(key, this.value(depth + 1))
    }
    return members
  }

  #list(depth: number): Json[] {
    const values: Json[] = []
    this.#open(depth)
    while (!this.#closes(']', values.length)) values.push(this.value(depth + 1))
    return values
  }

  #open(depth: number): void {
    if (depth > this.#limits.depthMax) throw this.#fault(`nests deeper than ${this.#limits.depthMax} levels`)
    this.#at += 1
  }

  /** At the closing bracket, or after the comma that follows the values read so far. */
  #closes(sign: string, valuesSoFar: number): boolean {
    this.#space()
    if (this.#text[this.#at] === sign) {
      this.#at += 1
      return true
    }
    if (valuesSoFar > 0) {
      this.#word(',')
      this.#space()
      if (this.#text[this.#at] === sign) throw this.#notJson()
    }
    return false
  }

  #string(): string {
    const start = this.#at
    let end = start + 1
    while (this.#text[end] !== '"') {
      if (end >= this.#text.length) throw this.#notJson()
      end += this.#text[end] === '\\' ? 2 : 1
    }
    let text: string
    try {
      text = JSON.parse(this.#text.slice(start, end + 1)) as string
    } catch {
      throw this.#notJson()
    }
    if (!text.isWellFormed()) throw this.#fault(`has half a character (a lone surrogate) ${this.#place()}`)
    this.#at = end + 1
    return text
  }

  #number(): number | bigint {
    const start = this.#at
    if (!/[-\d]/.test(this.#text[start] ?? '')) throw this.#notJson()
    while (/[-+.\deE]/.test(this.#text[this.#at] ?? '')) this.#at += 1
    const digits = this.#text.slice(start, this.#at)
    const value = Number(digits)
    if (digits.length <= NUMBER_CHARACTERS_MAX && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(digits)) {
      if (Number.isFinite(value)) return Number.isInteger(value) && !Number.isSafeInteger(value) ? exact(digits) : value
    }
    this.#at = start
    throw this.#fault(`has a number ${this.#place()} that is none, or too large`)
  }

  #word(word: string): void {
    if (!this.#text.startsWith(word, this.#at)) throw this.#notJson()
    this.#at += word.length
  }

  #space(): void {
    while (' \n\r\t'.includes(this.#text[this.#at] ?? 'x')) this.#at += 1
  }

  #place(): string {
    return `at character ${this.#at + 1}`
  }

  #notJson(): ContractError {
    return this.#fault(`is not JSON ${this.#place()}`)
  }

  #fault(sentence: string): ContractError {
    return new ContractError('ValidationException', `${this.#what} ${sentence}.`)
  }
}

/** Integers keep their digits; numbers with a fraction or an exponent are doubles. */
const exact = (digits: string): number | bigint => (/^-?\d+$/.test(digits) ? BigInt(digits) : Number(digits))
