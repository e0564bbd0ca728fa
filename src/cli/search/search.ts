/** `hilum search`: calls SearchImageSets page by page and prints image sets as a table or as JSON lines, or prints the search as a program. */
import { OperatorError } from '../../server/operator-error.ts'
import { explained, openClient, serverFor } from '../client/client.ts'
import { activeDatastores, pickDatastore } from '../client/datastores.ts'
import { envCommandFor } from '../server/env.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'
import { closingLine, counted, PAGE_SIZE, type Reached, showPages } from './search-pages.ts'
import { readSearchRequest, type SearchRequest } from './search-request.ts'
import { SNIPPETS } from './search-snippets.ts'
import { wordFlagsIn } from './search-words.ts'

interface Search extends SearchRequest {
  /** Undefined for all that match. */
  readonly limit: number | undefined
  /** Whether to print the total. */
  readonly isCounted: boolean
  /** A key of SNIPPETS, to print the search as a program instead of sending it. */
  readonly language: string | undefined
}

export async function search(invocation: Invocation): Promise<ExitCode> {
  const { terminal, config } = invocation
  const wanted = await readSearch(invocation)
  const server = await serverFor(invocation)
  const client = openClient(server)
  const stop = stopOnCtrlC()
  const reached: Reached = { count: 0, total: undefined, milliseconds: 0, hasMore: true }
  try {
    const datastoreId = pickDatastore(await activeDatastores(client), wanted.datastore)
    const { searchCriteria, match, limit, isCounted, language } = wanted
    if (language !== undefined) {
      const envCommand = envCommandFor(invocation, { endpoint: invocation.flags.endpoint })
      const program = SNIPPETS[language]!({ datastoreId, searchCriteria, limit, envCommand })
      terminal.print(config.json ? JSON.stringify({ [language]: program }) : program)
      return 0
    }
    await showPages(
      { datastoreId, searchCriteria, match, limit, isCounted },
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

async function readSearch(invocation: Invocation): Promise<Search> {
  const { flags } = invocation
  const request = await readSearchRequest(invocation)
  const { all } = flags
  const isCounted = flags.count === true
  const languages = Object.keys(SNIPPETS).filter((language) => flags[language] === true)
  if (languages.length > 1) throw wrong(`Choose one of ${languages.map((language) => `--${language}`).join(', ')}.`)
  if (isCounted && languages.length > 0) {
    throw wrong(
      `--count and --${languages[0]} contradict each other: a program asks for the total by docs/extensions.md.`,
    )
  }
  const words = wordFlagsIn(flags).map((flag) => `--${flag}`)
  if (words.length > 0 && languages.length > 0) {
    throw wrong(
      `${words.join(', ')} and --${languages[0]} contradict each other: a program searches by words as docs/extensions.md says.`,
    )
  }
  if (all === true && flags.limit !== undefined) throw wrong('--all and --limit contradict each other.')
  const limit = all === true ? undefined : limitOf(flags.limit)
  return { ...request, limit, isCounted, language: languages[0] }
}

function limitOf(text: Invocation['flags'][string]): number {
  if (text === undefined) return PAGE_SIZE
  if (!/^[1-9]\d{0,14}$/.test(String(text))) throw wrong(`--limit must be a whole number from 1 on, not '${text}'.`)
  return Number(text)
}

const wrong = (message: string) => new OperatorError(message, { exitCode: 2 })
