/** `hilum search`: asks SearchImageSets, page by page, and prints image sets as a table, as JSON lines, or as the program that asks. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { OperatorError } from '../operator-error.ts'
import { explained, openClient, serverFor } from './client.ts'
import type { ExitCode, Invocation } from './command.ts'
import { parseCriteria } from './criteria-json.ts'
import { activeDatastores, pickDatastore } from './datastores.ts'
import { envCommandFor } from './env.ts'
import { CRITERIA_FLAGS, criteriaOf } from './search-criteria.ts'
import { closingLine, counted, PAGE_SIZE, type Reached, showPages } from './search-pages.ts'
import { SNIPPETS } from './search-snippets.ts'
import { stopOnCtrlC } from './stop-signal.ts'

interface Search {
  readonly datastore: string
  readonly searchCriteria: SearchCriteria | undefined
  /** Undefined for all that match. */
  readonly limit: number | undefined
  /** A key of SNIPPETS, where the search is to be printed instead of made. */
  readonly language: string | undefined
}

export async function search(invocation: Invocation): Promise<ExitCode> {
  const { terminal, config } = invocation
  const wanted = await readSearch(invocation)
  const server = await serverFor(invocation)
  const client = openClient(server)
  const stop = stopOnCtrlC()
  const reached: Reached = { count: 0, milliseconds: 0, hasMore: true }
  try {
    const datastoreId = pickDatastore(await activeDatastores(client), wanted.datastore)
    const { searchCriteria, limit, language } = wanted
    if (language !== undefined) {
      const envCommand = envCommandFor(invocation, { endpoint: invocation.flags.endpoint })
      const program = SNIPPETS[language]!({ datastoreId, searchCriteria, limit, envCommand })
      terminal.print(config.json ? JSON.stringify({ [language]: program }) : program)
      return 0
    }
    await showPages(
      { datastoreId, searchCriteria, limit },
      { client, terminal, isJson: config.json, signal: stop.signal, reached },
    )
    if (terminal.hasReader) terminal.note(closingLine(reached))
    return 0
  } catch (error) {
    terminal.status()
    if (!stop.signal.aborted) throw explained(error, server)
    terminal.note(`Interrupted after ${counted(reached.count)}.`)
    return 130
  } finally {
    stop.ignore()
    client.destroy()
  }
}

async function readSearch({ flags, terminal, cwd }: Invocation): Promise<Search> {
  const { datastore, all } = flags
  if (typeof datastore !== 'string') {
    throw wrong('hilum search needs --datastore, the id or the name of a data store. hilum datastores lists them.')
  }
  const languages = Object.keys(SNIPPETS).filter((language) => flags[language] === true)
  if (languages.length > 1) throw wrong(`Choose one of ${languages.map((language) => `--${language}`).join(', ')}.`)
  if (all === true && flags.limit !== undefined) throw wrong('--all and --limit contradict each other.')
  const limit = all === true ? undefined : limitOf(flags.limit)
  const { criteria: json } = flags
  if (typeof json !== 'string') {
    return { datastore, searchCriteria: criteriaOf(flags, { now: new Date() }), limit, language: languages[0] }
  }
  const surplus = CRITERIA_FLAGS.filter((flag) => flags[flag] !== undefined).map((flag) => `--${flag}`)
  if (surplus.length > 0) {
    throw wrong(`--criteria is the whole search already. Leave out ${surplus.join(', ')}, or write it into the JSON.`)
  }
  const searchCriteria = parseCriteria(
    json === '-' || json.startsWith('@') ? await readText(json, { terminal, cwd }) : json,
  )
  return { datastore, searchCriteria, limit, language: languages[0] }
}

function limitOf(text: Invocation['flags'][string]): number {
  if (text === undefined) return PAGE_SIZE
  if (!/^[1-9]\d{0,14}$/.test(String(text))) throw wrong(`--limit must be a whole number from 1 on, not '${text}'.`)
  return Number(text)
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
