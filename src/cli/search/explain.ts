/** `hilum explain`: sends the search that `hilum search` would send, and prints how the server answered it instead of what it found. */
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import type { Explanation } from '../../operations/search-explanation.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { askingFor, explained, headerOf, openClient, serverFor } from '../client/client.ts'
import { activeDatastores, pickDatastore } from '../client/datastores.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import type { ExplainedSearch } from './draw-explanation.ts'
import { drawExplanation } from './draw-explanation.ts'
import { PAGE_SIZE, totalIn } from './search-pages.ts'
import { readSearchRequest } from './search-request.ts'

export async function explain(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal, flags } = invocation
  const isCounted = flags.count === true
  const { datastore, searchCriteria, match } = await readSearchRequest(invocation)
  const server = await serverFor(invocation)
  const client = openClient(server)
  try {
    const datastoreId = pickDatastore(await activeDatastores(client), datastore)
    const command = new SearchImageSetsCommand({ datastoreId, searchCriteria, maxResults: PAGE_SIZE })
    askingFor(command, {
      'x-hilum-explain': 'yes',
      ...(match !== undefined && { 'x-hilum-match': match }),
      ...(isCounted && { 'x-hilum-count': 'exact' }),
    })
    const startedAt = performance.now()
    const page = await client.send(command)
    const found: ExplainedSearch = {
      ...explanationIn(page),
      imageSets: page.imageSetsMetadataSummaries?.length ?? 0,
      hasMore: page.nextToken !== undefined,
      ...(isCounted && { total: totalIn(page) }),
      roundTripMs: Math.round((performance.now() - startedAt) * 1_000) / 1_000,
    }
    terminal.print(config.json ? JSON.stringify(found) : drawExplanation(found))
    return 0
  } catch (error) {
    throw explained(error, server)
  } finally {
    client.destroy()
  }
}

function explanationIn(page: unknown): Explanation {
  const header = headerOf(page, 'x-hilum-explain')
  if (header === undefined) {
    throw new OperatorError('The server does not explain searches: it is not Hilum, or an older version.')
  }
  return JSON.parse(header)
}
