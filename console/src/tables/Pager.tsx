/** The pages of a table. */
import Pagination from '@cloudscape-design/components/pagination'

export interface Pages {
  /** From 1. */
  readonly page: number
  /** Those that can be opened. */
  readonly count: number
  /** Whether there are more than `count`, whose number is unknown. */
  readonly isOpenEnd: boolean
  readonly isLoading: boolean
  toPage(page: number): void
}

/** From so many pages on, the number of a page can be typed. */
const JUMP_FROM_PAGES = 8

export function Pager({ pages, label }: { pages: Pages; label: string }) {
  const { page, count, isOpenEnd, isLoading, toPage } = pages
  return (
    <Pagination
      currentPageIndex={page}
      pagesCount={count}
      openEnd={isOpenEnd}
      disabled={isLoading}
      onChange={({ detail }) => toPage(detail.currentPageIndex)}
      {...(!isOpenEnd && count >= JUMP_FROM_PAGES && { jumpToPage: { loading: isLoading } })}
      ariaLabels={{
        paginationLabel: label,
        nextPageLabel: 'Next page',
        previousPageLabel: 'Previous page',
        pageLabel: (number) => `Page ${number}`,
        jumpToPageButton: 'Go to page',
      }}
      i18nStrings={{
        jumpToPageInputLabel: 'Page',
        jumpToPageError: `Enter a page from 1 to ${count}.`,
        jumpToPageLoadingText: 'Loading page',
      }}
    />
  )
}
