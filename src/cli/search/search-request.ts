/** Reads data store and criteria of `hilum search` and `hilum explain`: from options, or from JSON. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { OperatorError } from '../../server/operator-error.ts'
import type { Invocation } from '../terminal/command.ts'
import { parseCriteria } from './criteria-json.ts'
import { CRITERIA_FLAGS, criteriaOf } from './search-criteria.ts'
import { matchHeaderOf } from './search-words.ts'

export interface SearchRequest {
  /** An id or a name. Undefined: the only data store. */
  readonly datastore: string | undefined
  readonly searchCriteria: SearchCriteria | undefined
  /** The header of a search by words. */
  readonly match: string | undefined
}

/** Throws OperatorError, with exit code 2 for a wrong command line. */
export async function readSearchRequest({ flags, terminal, cwd }: Invocation): Promise<SearchRequest> {
  const { criteria: json } = flags
  const datastore = typeof flags.datastore === 'string' ? flags.datastore : undefined
  const match = matchHeaderOf(flags)
  if (typeof json !== 'string') return { datastore, match, searchCriteria: criteriaOf(flags, { now: new Date() }) }
  const surplus = CRITERIA_FLAGS.filter((flag) => flags[flag] !== undefined).map((flag) => `--${flag}`)
  if (surplus.length > 0) {
    throw wrong(`--criteria is the whole search already. Leave out ${surplus.join(', ')}, or write it into the JSON.`)
  }
  const text = json === '-' || json.startsWith('@') ? await readText(json, { terminal, cwd }) : json
  return { datastore, match, searchCriteria: parseCriteria(text) }
}

async function readText(place: string, { terminal, cwd }: Pick<Invocation, 'terminal' | 'cwd'>): Promise<string> {
  if (place === '-') return terminal.read()
  const path = resolve(cwd, place.slice(1))
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new OperatorError(`${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`, { cause })
  }
}

const wrong = (message: string) => new OperatorError(message, { exitCode: 2 })
