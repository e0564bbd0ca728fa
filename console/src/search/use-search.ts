/**
 * The search in the URL and its current page. Page tokens are in the state of the history entry: Back returns to the earlier page, and a
 * copied link opens the first page.
 */
import { type ImageSetsMetadataSummary, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Api, responseHeader, useApi, withHeaders } from '../api.ts'
import { hrefTo, navigate, useLocation } from '../location.ts'
import { criteriaOf, fragmentOf, type Search, searchOf } from './search.ts'
import { matchHeaderOf } from './words.ts'

export const PAGE_SIZE = 50

interface SearchState {
  /** When the search was started: relative ranges end then, on all pages. */
  readonly startedAt: number
  /** The tokens of the second page to the current page. */
  readonly tokens: readonly string[]
  readonly total?: number | undefined
}

interface ResultPage {
  /** From 1. Stays the page of the rows shown while the next page is loading. */
  readonly page: number
  readonly rows: readonly ImageSetsMetadataSummary[]
  readonly nextToken: string | undefined
  /** The total number of matches, returned with the first page. */
  readonly total: number | undefined
  readonly durationMs: number
}

export function useSearch(datastoreId: string) {
  const { client } = useApi()
  const { path, fragment, state } = useLocation()
  const { search, invalidParameters } = useMemo(() => searchOf(fragment), [fragment])
  const current = useMemo((): SearchState => (isSearchState(state) ? state : newSearchState()), [state])
  const token = current.tokens.at(-1)
  const criteria = useMemo(() => criteriaOf(search, new Date(current.startedAt)), [search, current.startedAt])
  const match = matchHeaderOf(search.words)
  const query = useQuery({
    // Starting the same search again must send a new request.
    queryKey: ['search', datastoreId, criteria, current.startedAt, token, match],
    queryFn: async () => ({
      page: current.tokens.length + 1,
      ...(await findPage(client, { datastoreId, searchCriteria: criteria, nextToken: token }, match)),
    }),
    // Shows the rows of the previous page while the next page of the same search is loading.
    placeholderData: (rows, before) => (before?.queryKey[3] === current.startedAt ? rows : undefined),
  })
  const toPage = (tokens: readonly string[]) =>
    navigate(hrefTo(path, fragment), {
      state: { ...current, tokens, total: current.total ?? query.data?.total } satisfies SearchState,
    })

  return {
    ...query,
    search,
    invalidParameters,
    criteria,
    page: query.data?.page ?? current.tokens.length + 1,
    total: current.total ?? query.data?.total,
    start(next: Search) {
      navigate(hrefTo(path, fragmentOf(next)), {
        state: newSearchState(),
        replace: fragmentOf(next) === fragment,
      })
    },
    next() {
      const nextToken = query.data?.nextToken
      if (nextToken !== undefined && !query.isPlaceholderData) toPage([...current.tokens, nextToken])
    },
    /** @param page an earlier page */
    toPage: (page: number) => toPage(current.tokens.slice(0, page - 1)),
  }
}

const newSearchState = (): SearchState => ({ startedAt: Date.now(), tokens: [] })

function isSearchState(state: unknown): state is SearchState {
  return typeof state === 'object' && state !== null && 'startedAt' in state && 'tokens' in state
}

async function findPage(
  client: Api['client'],
  input: ConstructorParameters<typeof SearchImageSetsCommand>[0],
  match: string | undefined,
): Promise<Omit<ResultPage, 'page'>> {
  const command = new SearchImageSetsCommand({ ...input, maxResults: PAGE_SIZE })
  const isFirst = input.nextToken === undefined
  const startedAt = performance.now()
  const headers = {
    ...(match !== undefined && { 'x-hilum-match': match }),
    ...(isFirst && { 'x-hilum-count': 'exact' }),
  }
  const output = await client.send(withHeaders(command, headers))
  const durationMs = performance.now() - startedAt
  const total = responseHeader(output, 'x-hilum-total-count')
  return {
    rows: output.imageSetsMetadataSummaries ?? [],
    nextToken: output.nextToken,
    total: total === undefined ? undefined : Number(total),
    durationMs,
  }
}
