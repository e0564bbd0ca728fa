/**
 * The search of the address, and the page of it that is looked at. Tokens of pages are kept beside the address, so that Back leads to
 * the page where the person was, and a link to the search's first page.
 */
import { type ImageSetsMetadataSummary, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Api, askingFor, headerOf, useApi } from '../api.ts'
import { addressOf, go, usePlace } from '../place.ts'
import { criteriaOf, fragmentOf, type Search, searchOf } from './search.ts'

export const PAGE_SIZE = 50

/** All pages of one search are of one moment: relative ranges are counted from it. */
interface Run {
  readonly snapshotVersion: number
  /** Of the second page and those after it, up to the one looked at. */
  readonly tokens: readonly string[]
  readonly total?: number | undefined
}

interface Found {
  /** From 1: rows stay until those of the next page are there, and are called by their own page. */
  readonly page: number
  readonly rows: readonly ImageSetsMetadataSummary[]
  readonly nextToken: string | undefined
  /** How many match in all; told with the first page. */
  readonly total: number | undefined
  readonly durationMs: number
}

export function useSearch(datastoreId: string) {
  const { client } = useApi()
  const { path, fragment, kept } = usePlace()
  const { search, strange } = useMemo(() => searchOf(fragment), [fragment])
  const run = useMemo((): Run => (isRun(kept) ? kept : { snapshotVersion: Date.now(), tokens: [] }), [kept])
  const token = run.tokens.at(-1)
  const criteria = useMemo(() => criteriaOf(search, new Date(run.snapshotVersion)), [search, run.snapshotVersion])
  const query = useQuery({
    // The same search started again is another: something may have come in since.
    queryKey: ['search', datastoreId, criteria, run.snapshotVersion, token],
    queryFn: async () => ({
      page: run.tokens.length + 1,
      ...(await findPage(client, { datastoreId, searchCriteria: criteria, nextToken: token })),
    }),
    // Rows of the page before stay until the next is there; those of another search never do.
    placeholderData: (rows, before) => (before?.queryKey[3] === run.snapshotVersion ? rows : undefined),
  })
  const toPage = (tokens: readonly string[]) =>
    go(addressOf(path, fragment), { kept: { ...run, tokens, total: run.total ?? query.data?.total } satisfies Run })

  return {
    ...query,
    search,
    strange,
    criteria,
    page: query.data?.page ?? run.tokens.length + 1,
    total: run.total ?? query.data?.total,
    /** Also of the same search once more. */
    start(next: Search) {
      const address = addressOf(path, fragmentOf(next))
      go(address, {
        kept: { snapshotVersion: Date.now(), tokens: [] } satisfies Run,
        replace: fragmentOf(next) === fragment,
      })
    },
    next() {
      const nextToken = query.data?.nextToken
      if (nextToken !== undefined && !query.isPlaceholderData) toPage([...run.tokens, nextToken])
    },
    /** To a page that was seen before. */
    toPage: (page: number) => toPage(run.tokens.slice(0, page - 1)),
  }
}

function isRun(kept: unknown): kept is Run {
  return typeof kept === 'object' && kept !== null && 'snapshotVersion' in kept && 'tokens' in kept
}

async function findPage(
  client: Api['client'],
  input: ConstructorParameters<typeof SearchImageSetsCommand>[0],
): Promise<Omit<Found, 'page'>> {
  const command = new SearchImageSetsCommand({ ...input, maxResults: PAGE_SIZE })
  const isFirst = input.nextToken === undefined
  const startedAt = performance.now()
  const output = await client.send(isFirst ? askingFor(command, { 'x-hilum-count': 'exact' }) : command)
  const durationMs = performance.now() - startedAt
  const total = headerOf(output, 'x-hilum-total-count')
  return {
    rows: output.imageSetsMetadataSummaries ?? [],
    nextToken: output.nextToken,
    total: total === undefined ? undefined : Number(total),
    durationMs,
  }
}
