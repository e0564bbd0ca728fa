/**
 * The table of every list: preferences, resizable columns, a header that stays in view, selection, pages above and below, and rows that are
 * opened by a click anywhere.
 */
import './data-table.css'
import Button from '@cloudscape-design/components/button'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { type MouseEvent, type ReactNode, useEffect, useMemo, useRef } from 'react'
import { lazyComponent } from '../components/lazy-component.tsx'
import { Pager, type Pages } from './Pager.tsx'
import type { TablePreferencesProps } from './TablePreferences.tsx'
import type { TableSettingsState } from './table-settings.ts'

/** The dialog needs more scripts than the table. */
const TablePreferences = lazyComponent<TablePreferencesProps>(
  async () => (await import('./TablePreferences.tsx')).TablePreferences,
  { loading: <Button variant="icon" iconName="settings" ariaLabel="Preferences" disabled /> },
)

interface DataTableProps<Row> {
  readonly state: TableSettingsState
  readonly columns: readonly TableProps.ColumnDefinition<Row>[]
  readonly rows: readonly Row[]
  readonly idOf: (row: Row) => string
  /** For the check box of a row. */
  readonly labelOf: (row: Row) => string
  /** What the rows are, for messages: `image sets`. */
  readonly what: string
  readonly isLoading: boolean
  readonly header: ReactNode
  /** Beside the pages: which rows these are. */
  readonly found?: ReactNode
  readonly empty: ReactNode
  /** Undefined for a table without pages. */
  readonly pages?: Pages | undefined
  readonly selected: readonly Row[]
  onSelect(rows: readonly Row[]): void
  readonly sorting?: {
    readonly field: string
    readonly isDescending: boolean
    onSort(field: string, isDescending: boolean): void
  }
  /** The row whose details are open. */
  readonly openId?: string | undefined
  readonly variant?: TableProps.Variant
  readonly loadingText?: string
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { state, columns, rows, idOf, labelOf, what, pages, sorting, openId } = props
  const { settings, change } = state
  const frame = useRef<HTMLDivElement>(null)
  useSortedColumnInView(frame, sorting?.field, rows.length > 0)
  useOpenRow(
    frame,
    rows.findIndex((row) => idOf(row) === openId),
  )
  const sized = useMemo(
    () =>
      columns.map((column) => {
        const width = settings.widths[column.id!]
        return width === undefined ? column : { ...column, width }
      }),
    [columns, settings.widths],
  )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the link of the row is what a keyboard opens.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same.
    <div ref={frame} className="data-table" onClick={openRowLink}>
      <Table<Row>
        variant={props.variant ?? 'container'}
        columnDefinitions={sized}
        columnDisplay={settings.columns}
        items={rows}
        trackBy={idOf}
        resizableColumns
        stickyHeader
        contentDensity={settings.contentDensity}
        wrapLines={settings.wrapLines}
        onColumnWidthsChange={({ detail }) => {
          const shown = settings.columns.filter(({ visible }) => visible)
          change({
            widths: {
              ...settings.widths,
              ...Object.fromEntries(shown.map(({ id }, at) => [id, Math.round(detail.widths[at]!)])),
            },
          })
        }}
        loading={props.isLoading}
        loadingText={props.loadingText ?? `Loading ${what}`}
        selectionType="multi"
        selectedItems={props.selected}
        onSelectionChange={({ detail }) => props.onSelect(detail.selectedItems)}
        ariaLabels={{
          tableLabel: what,
          selectionGroupLabel: `Selected ${what}`,
          allItemsSelectionLabel: () => `Select all ${what} of this page`,
          itemSelectionLabel: (_, row) => `Select ${labelOf(row)}`,
        }}
        {...(sorting && {
          sortingColumn: { sortingField: sorting.field },
          sortingDescending: sorting.isDescending,
          onSortingChange: ({ detail }) => sorting.onSort(detail.sortingColumn.sortingField!, detail.isDescending!),
        })}
        header={props.header}
        filter={props.found}
        empty={props.empty}
        pagination={pages && <Pager pages={pages} label={`Pages of ${what}`} />}
        preferences={<TablePreferences state={state} columns={columns} />}
        footer={
          pages &&
          rows.length > 0 && (
            <div className="data-table-footer">
              <Pager pages={pages} label={`Pages of ${what}, below the table`} isBelow />
            </div>
          )
        }
      />
    </div>
  )
}

/** Until then a panel covers rows of the table. */
const PANEL_OPENS_MS = 100

const OF_THEIR_OWN = 'a, button, input, label, select, textarea, [role=button]'

/** A click anywhere in a row is one of its first link, so that Ctrl opens a new tab. Marking text for copying opens nothing. */
function openRowLink(event: MouseEvent<HTMLDivElement>): void {
  const target = event.target as Element
  const row = target.closest('tbody tr')
  if (row === null || !event.isTrusted || target.closest(OF_THEIR_OWN) !== null) return
  if (target.closest('td')?.querySelector('input[type=checkbox]')) return
  if (!(window.getSelection()?.isCollapsed ?? true)) return
  const { ctrlKey, metaKey, shiftKey } = event
  row
    .querySelector('a[href]')
    ?.dispatchEvent(new window.MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }))
}

/** Scrolls the table, not the page. */
function useSortedColumnInView(
  frame: React.RefObject<HTMLDivElement | null>,
  field: string | undefined,
  hasRows: boolean,
) {
  useEffect(() => {
    if (field === undefined || !hasRows) return
    const sorted = frame.current?.querySelector(
      'table:has(tbody tr) th:is([aria-sort=ascending], [aria-sort=descending])',
    )
    const scrolled = sorted?.closest('table')?.parentElement
    if (sorted == null || scrolled == null) return
    const [column, view] = [sorted.getBoundingClientRect(), scrolled.getBoundingClientRect()]
    if (column.right > view.right) scrolled.scrollLeft += column.right - view.right
    else if (column.left < view.left) scrolled.scrollLeft -= view.left - column.left
  }, [frame, field, hasRows])
}

/** The row keeps its mark when React renders it again, and comes into view once, beside the panel that was opened. */
function useOpenRow(frame: React.RefObject<HTMLDivElement | null>, index: number) {
  useEffect(() => {
    const rows = [...(frame.current?.querySelectorAll('tbody tr') ?? [])]
    for (const [at, row] of rows.entries()) row.classList.toggle('open-row', at === index)
  })
  useEffect(() => {
    if (index < 0) return
    const scroll = () => frame.current?.querySelector('.open-row a')?.scrollIntoView({ block: 'center' })
    const timer = window.setTimeout(scroll, PANEL_OPENS_MS)
    return () => window.clearTimeout(timer)
  }, [frame, index])
}
