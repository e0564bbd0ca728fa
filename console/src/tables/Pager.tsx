/** The pages of a table. The pager below it names its buttons otherwise, so that they can be told apart without seeing them. */
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

export function Pager({ pages, label, isBelow = false }: { pages: Pages; label: string; isBelow?: boolean }) {
  const { page, count, isOpenEnd, isLoading, toPage } = pages
  return (
    <Pagination
      currentPageIndex={page}
      pagesCount={count}
      openEnd={isOpenEnd}
      disabled={isLoading}
      onChange={({ detail }) => toPage(detail.currentPageIndex)}
      {...(!isBelow && !isOpenEnd && count >= JUMP_FROM_PAGES && { jumpToPage: { loading: isLoading } })}
      ariaLabels={{
        paginationLabel: label,
        nextPageLabel: isBelow ? 'Forward one page' : 'Next page',
        previousPageLabel: isBelow ? 'Back one page' : 'Previous page',
        pageLabel: (number) => `${isBelow ? 'Open page' : 'Page'} ${number}`,
        jumpToPageButton: isBelow ? 'Open this page' : 'Go to page',
      }}
      i18nStrings={{
        jumpToPageInputLabel: 'Page',
        jumpToPageError: `Enter a page from 1 to ${count}.`,
        jumpToPageLoadingText: 'Loading page',
      }}
    />
  )
}
