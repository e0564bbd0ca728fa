/**
 * The search for studies in the URL and its current page. Pages that follow each other read one snapshot, by the tokens that are in the
 * state of the history entry. Any other page is counted from the first study that the search finds now.
 */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useApi } from '../api.ts'
import { hrefTo, navigate, useLocation } from '../location.ts'
import type { Pages } from '../tables/Pager.tsx'
import { fetchStudies, type Study } from './fetch-studies.ts'
import {
  fragmentOf,
  openStudyOf,
  parametersOf,
  type StudySearch,
  studySearchOf,
  withOpenStudy,
} from './study-search.ts'

interface StudiesState {
  readonly startedAt: number
  readonly page: number
  /** Pages of another size begin again. */
  readonly pageSize: number
  /** Of pages of one snapshot, by their number. */
  readonly tokens: Readonly<Record<number, string>>
}

/** As the server has it: pages behind are reached from page to page. */
const OFFSET_MAX = 1_000_000
const LARGEST_PAGE = 200

export function useStudies(datastoreId: string, pageSize: number) {
  const api = useApi()
  const { path, fragment, state } = useLocation()
  const searched = withOpenStudy(fragment, undefined)
  const { search, invalidParameters } = useMemo(() => studySearchOf(searched), [searched])
  const current = useMemo(
    (): StudiesState => (isStudiesState(state) && state.pageSize === pageSize ? state : newState(pageSize)),
    [state, pageSize],
  )
  const { page, startedAt } = current
  const nextToken = current.tokens[page]
  const parameters = useMemo(() => parametersOf(search, new Date(startedAt)), [search, startedAt])
  const query = useQuery({
    queryKey: ['studies', datastoreId, parameters, startedAt, page, nextToken, pageSize],
    queryFn: async ({ signal }) => {
      const offset = (page - 1) * pageSize
      const place: Record<string, string> | undefined =
        nextToken !== undefined ? { nextToken } : offset > 0 ? { offset: String(offset) } : undefined
      const ofPage: Record<string, string> = { ...parameters, limit: String(pageSize), ...place }
      return { page, ...(await fetchStudies(api, { datastoreId, query: ofPage, signal })) }
    },
    placeholderData: (rows, before) => (before?.queryKey[3] === startedAt ? rows : undefined),
  })
  const { data } = query
  const countedPages = data && Math.max(1, Math.ceil(Math.min(data.total, OFFSET_MAX + pageSize) / pageSize))

  function toPage(wanted: number): void {
    const token = wanted === page + 1 ? data?.nextToken : undefined
    const tokens = token === undefined ? current.tokens : { ...current.tokens, [wanted]: token }
    const isReached = wanted === 1 || tokens[wanted] !== undefined
    navigate(hrefTo(path, fragment), {
      state: { ...current, page: wanted, tokens: isReached ? tokens : {} } satisfies StudiesState,
    })
  }

  return {
    ...query,
    search,
    invalidParameters,
    openStudy: openStudyOf(fragment),
    pages: {
      page: data?.page ?? page,
      count: Math.max(countedPages ?? page, page),
      isOpenEnd: countedPages === undefined,
      isLoading: query.isPlaceholderData || query.isPending,
      toPage,
    } satisfies Pages,
    /** All that the search finds now, page by page. */
    async *allPages(signal: AbortSignal): AsyncGenerator<readonly Study[]> {
      let next: string | undefined
      do {
        const ofPage = { ...parameters, limit: String(LARGEST_PAGE), ...(next !== undefined && { nextToken: next }) }
        const found = await fetchStudies(api, { datastoreId, query: ofPage, signal })
        yield found.studies
        next = found.nextToken
      } while (next !== undefined)
    },
    refresh: () => navigate(hrefTo(path, fragment), { state: newState(pageSize), replace: true }),
    start(next: StudySearch) {
      const nextFragment = fragmentOf(next)
      navigate(hrefTo(path, nextFragment), { state: newState(pageSize), replace: nextFragment === fragment })
    },
    /** @param study undefined to close it */
    open: (study: string | undefined) =>
      navigate(hrefTo(path, withOpenStudy(fragment, study)), { state: current, replace: true }),
    hrefOf: (study: string) => hrefTo(path, withOpenStudy(fragment, study)),
  }
}

const newState = (pageSize: number): StudiesState => ({ startedAt: Date.now(), page: 1, pageSize, tokens: {} })

function isStudiesState(state: unknown): state is StudiesState {
  return typeof state === 'object' && state !== null && 'startedAt' in state && 'page' in state
}
