/** The metadata document as a tree, or the attributes that match the filter. */
import './metadata.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react'
import { EmptyState } from '../components/EmptyState.tsx'
import { formatCount, formatNumber } from '../format/size.ts'
import type { MetadataDocument } from './document.ts'
import { type FoundNode, INITIALLY_EXPANDED, search, type TreeNode, treeOf, VALUE_SHOWN_CHARACTERS } from './tree.ts'

const FOUND_MAX = 500
/** Patient, study, series and 50 instances: browsers render tables of thousands of rows slowly. */
const ROOTS_MAX = 53
const ROOTS_MORE = 200

const value = (text: string) => (
  <span className="dicom-value">
    {text.length > VALUE_SHOWN_CHARACTERS
      ? `${text.slice(0, VALUE_SHOWN_CHARACTERS)}… (${formatNumber(text.length)} characters)`
      : text || '–'}
  </span>
)

const COLUMNS: readonly TableProps.ColumnDefinition<TreeNode>[] = [
  { id: 'label', header: 'Keyword', cell: ({ label }) => label, isRowHeader: true, minWidth: 260 },
  { id: 'tag', header: 'Tag', cell: ({ tag }) => tag, minWidth: 130 },
  { id: 'vr', header: 'VR', cell: ({ vr }) => vr, minWidth: 90 },
  { id: 'value', header: 'Value', cell: (node) => value(node.value), minWidth: 300 },
]
const FOUND_COLUMNS: readonly TableProps.ColumnDefinition<FoundNode>[] = [
  ...COLUMNS,
  { id: 'location', header: 'Location', cell: ({ location }) => location, minWidth: 180 },
]

export function MetadataTree({ document }: { document: MetadataDocument }) {
  const [filterText, setFilterText] = useState('')
  const deferredText = useDeferredValue(filterText)
  const roots = useMemo(() => treeOf(document), [document])
  const { found, hasMore } = useMemo(() => search(roots, deferredText, FOUND_MAX), [roots, deferredText])
  const isFiltered = deferredText.trim() !== ''
  const count = `${formatNumber(found.length)}${hasMore ? '+' : ''} ${found.length === 1 ? 'match' : 'matches'}`
  const filter = (
    <TextFilter
      filteringText={filterText}
      onChange={({ detail }) => setFilterText(detail.filteringText)}
      filteringPlaceholder="Find by tag, keyword, VR, or value"
      filteringAriaLabel="Find attributes"
      countText={isFiltered ? count : ''}
    />
  )
  if (!isFiltered) return <WholeTree roots={roots} filter={filter} />
  return (
    <Table
      header={<Header>Metadata</Header>}
      filter={filter}
      columnDefinitions={FOUND_COLUMNS}
      items={found}
      trackBy="id"
      wrapLines
      empty={
        <EmptyState
          title="No matches"
          description="Each word must match the tag, keyword, VR, or value of the same attribute."
        />
      }
    />
  )
}

function WholeTree({ roots, filter }: { roots: readonly TreeNode[]; filter: ReactNode }) {
  const [expanded, setExpanded] = useState<ReadonlySet<string>>(new Set(INITIALLY_EXPANDED))
  const [shown, setShown] = useState(ROOTS_MAX)
  const items = roots.slice(0, shown)
  const expandedItems = useMemo(() => expandedNodes(items, expanded), [items, expanded])
  return (
    <Table
      header={<Header>Metadata</Header>}
      filter={filter}
      columnDefinitions={COLUMNS}
      items={items}
      trackBy="id"
      wrapLines
      expandableRows={{
        getItemChildren: ({ children }) => children?.() ?? [],
        isItemExpandable: ({ children }) => children !== undefined,
        expandedItems,
        onExpandableItemToggle: ({ detail }) => {
          const next = new Set(expanded)
          if (detail.expanded) next.add(detail.item.id)
          else next.delete(detail.item.id)
          setExpanded(next)
        },
      }}
      ariaLabels={{
        expandButtonLabel: ({ label }) => `Expand ${label}`,
        collapseButtonLabel: ({ label }) => `Collapse ${label}`,
      }}
      footer={
        roots.length > shown && (
          <Box textAlign="center">
            <Button onClick={() => setShown(shown + ROOTS_MORE)}>
              Load more ({formatCount(roots.length - shown, 'instance')} remaining)
            </Button>
          </Box>
        )
      }
    />
  )
}

function expandedNodes(nodes: readonly TreeNode[], expanded: ReadonlySet<string>): TreeNode[] {
  return nodes.flatMap((node) =>
    expanded.has(node.id) ? [node, ...expandedNodes(node.children?.() ?? [], expanded)] : [],
  )
}
