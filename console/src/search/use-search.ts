/**
 * The search in the URL and its current page. Page tokens are in the state of the history entry: Back returns to the earlier page, and a
 * copied link opens the first page. All pages read one snapshot. SearchImageSets has no offset, so a page that is further ahead is reached
 * through the tokens of the pages before it.
 */
import { type ImageSetsMetadataSummary, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { type Api, responseHeader, useApi, withHeaders } from '../api.ts'
import { hrefTo, navigate, useLocation } from '../location.ts'
import type { Pages } from '../tables/Pager.tsx'
import { criteriaOf, fragmentOf, type Search, searchOf } from './search.ts'
import { matchHeaderOf } from './words.ts'

/** A search with more pages goes from page to page only: their number is not offered. */
const COUNTED_PAGES_MAX = 200
/** As in the API. */
const LARGEST_PAGE = 50

interface SearchState {
  /** When the search was started: relative ranges end then, on all pages. */
  readonly startedAt: number
  /** Pages of another size begin again. */
  readonly pageSize: number
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

/** @param pageSize at most 50, as in the API */
export function useSearch(datastoreId: string, pageSize: number) {
  const { client } = useApi()
  const { path, fragment, state } = useLocation()
  const { search, invalidParameters } = useMemo(() => searchOf(fragment), [fragment])
  const current = useMemo(
    (): SearchState => (isSearchState(state) && state.pageSize === pageSize ? state : newSearchState(pageSize)),
    [state, pageSize],
  )
  const token = current.tokens.at(-1)
  const criteria = useMemo(() => criteriaOf(search, new Date(current.startedAt)), [search, current.startedAt])
  const match = matchHeaderOf(search.words)
  const pageOf = (nextToken: string | undefined, abortSignal?: AbortSignal) =>
    findPage(
      client,
      { datastoreId, searchCriteria: criteria, nextToken, maxResults: pageSize },
      { match, ...(abortSignal && { abortSignal }) },
    )
  const query = useQuery({
    // Starting the same search again must send a new request.
    queryKey: ['search', datastoreId, criteria, current.startedAt, token, match, pageSize],
    queryFn: async () => ({ page: current.tokens.length + 1, ...(await pageOf(token)) }),
    // Shows the rows of the previous page while the next page of the same search is loading.
    placeholderData: (rows, before) => (before?.queryKey[3] === current.startedAt ? rows : undefined),
  })
  const page = query.data?.page ?? current.tokens.length + 1
  const total = current.total ?? query.data?.total
  const show = (tokens: readonly string[]) =>
    navigate(hrefTo(path, fragment), { state: { ...current, tokens, total } satisfies SearchState })
  const nextToken = query.data?.nextToken
  const counted = total === undefined ? undefined : Math.max(1, Math.ceil(total / pageSize))
  const isCounted = counted !== undefined && counted <= COUNTED_PAGES_MAX
  const walk = useWalk(current)

  async function toPage(wanted: number): Promise<void> {
    if (wanted <= current.tokens.length + 1) return show(current.tokens.slice(0, wanted - 1))
    await walk.run(async (abortSignal) => {
      const tokens = [...current.tokens]
      let next = nextToken
      while (next !== undefined) {
        tokens.push(next)
        if (tokens.length + 1 === wanted) return show(tokens)
        next = (await pageOf(next, abortSignal)).nextToken
      }
      // Image sets that were deleted meanwhile are missing at the end.
      show(tokens)
    })
  }

  return {
    ...query,
    error: walk.error ?? query.error,
    refetch() {
      walk.clear()
      query.refetch()
    },
    search,
    invalidParameters,
    criteria,
    total,
    pages: {
      page,
      count: isCounted ? Math.max(counted, page) : nextToken === undefined ? page : page + 1,
      isOpenEnd: !isCounted && nextToken !== undefined,
      isLoading: query.isPlaceholderData || query.isPending || walk.isRunning,
      toPage: (wanted) => void toPage(wanted),
    } satisfies Pages,
    /** All that the search finds now, page by page. */
    async *allPages(abortSignal: AbortSignal): AsyncGenerator<ResultPage['rows']> {
      let nextToken: string | undefined
      do {
        const input = { datastoreId, searchCriteria: criteria, nextToken, maxResults: LARGEST_PAGE }
        const found = await findPage(client, input, { match, abortSignal })
        yield found.rows
        nextToken = found.nextToken
      } while (nextToken !== undefined)
    },
    start(next: Search) {
      navigate(hrefTo(path, fragmentOf(next)), {
        state: newSearchState(pageSize),
        replace: fragmentOf(next) === fragment,
      })
    },
  }
}

/** One walk through pages at a time. It ends when the person opens another page or search. */
function useWalk(current: SearchState) {
  const [error, setError] = useState<Error | null>(null)
  const [isRunning, setRunning] = useState(false)
  const abort = useRef<AbortController>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page or search ends the walk.
  useEffect(() => {
    setError(null)
    setRunning(false)
    return () => abort.current?.abort()
  }, [current])
  return {
    error,
    isRunning,
    clear: () => setError(null),
    async run(task: (signal: AbortSignal) => Promise<void>) {
      abort.current?.abort()
      const controller = new AbortController()
      abort.current = controller
      setError(null)
      setRunning(true)
      try {
        await task(controller.signal)
      } catch (thrown) {
        if (!controller.signal.aborted) setError(thrown as Error)
      } finally {
        if (!controller.signal.aborted) setRunning(false)
      }
    },
  }
}

const newSearchState = (pageSize: number): SearchState => ({ startedAt: Date.now(), pageSize, tokens: [] })

function isSearchState(state: unknown): state is SearchState {
  return typeof state === 'object' && state !== null && 'startedAt' in state && 'tokens' in state
}

async function findPage(
  client: Api['client'],
  input: ConstructorParameters<typeof SearchImageSetsCommand>[0],
  { match, abortSignal }: { readonly match: string | undefined; readonly abortSignal?: AbortSignal },
): Promise<Omit<ResultPage, 'page'>> {
  const command = new SearchImageSetsCommand(input)
  const isFirst = input.nextToken === undefined
  const startedAt = performance.now()
  const headers = {
    ...(match !== undefined && { 'x-hilum-match': match }),
    ...(isFirst && { 'x-hilum-count': 'exact' }),
  }
  const output = await client.send(withHeaders(command, headers), { ...(abortSignal && { abortSignal }) })
  const durationMs = performance.now() - startedAt
  const total = responseHeader(output, 'x-hilum-total-count')
  return {
    rows: output.imageSetsMetadataSummaries ?? [],
    nextToken: output.nextToken,
    total: total === undefined ? undefined : Number(total),
    durationMs,
  }
}
