/** The metadata document on screen: a tree to open, or the attributes that a search in it finds. */
import './metadata.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import TextFilter from '@cloudscape-design/components/text-filter'
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react'
import { Nothing } from '../components/Nothing.tsx'
import type { MetadataDocument } from './document.ts'
import { type FoundNode, type Node, OPEN_AT_FIRST, search, treeOf, VALUE_SHOWN_CHARACTERS } from './tree.ts'

const FOUND_MAX = 500
/** Patient, study, series and so many instances: a browser draws no ten thousand rows well. */
const ROOTS_MAX = 53
const ROOTS_MORE = 200

const value = (text: string) => (
  <span className="dicom-value">
    {text.length > VALUE_SHOWN_CHARACTERS
      ? `${text.slice(0, VALUE_SHOWN_CHARACTERS)}… (${text.length.toLocaleString('en-US')} characters)`
      : text || '–'}
  </span>
)

const COLUMNS: readonly TableProps.ColumnDefinition<Node>[] = [
  { id: 'label', header: 'Keyword', cell: ({ label }) => label, isRowHeader: true, minWidth: 260 },
  { id: 'tag', header: 'Tag', cell: ({ tag }) => tag, minWidth: 130 },
  { id: 'vr', header: 'VR', cell: ({ vr }) => vr, minWidth: 90 },
  { id: 'value', header: 'Value', cell: (node) => value(node.value), minWidth: 300 },
]
const FOUND_COLUMNS: readonly TableProps.ColumnDefinition<FoundNode>[] = [
  ...COLUMNS,
  { id: 'where', header: 'Where', cell: ({ where }) => where, minWidth: 180 },
]

export function MetadataTree({ document }: { document: MetadataDocument }) {
  const [sought, setSought] = useState('')
  const searched = useDeferredValue(sought)
  const roots = useMemo(() => treeOf(document), [document])
  const { found, hasMore } = useMemo(() => search(roots, searched, FOUND_MAX), [roots, searched])
  const isSearching = searched.trim() !== ''
  const count = isSearching ? `${found.length.toLocaleString('en-US')}${hasMore ? ' or more' : ''} found` : ''
  const filter = (
    <TextFilter
      filteringText={sought}
      onChange={({ detail }) => setSought(detail.filteringText)}
      filteringPlaceholder="Find a tag, keyword, VR or value"
      filteringAriaLabel="Find in the metadata"
      countText={count}
    />
  )
  if (!isSearching) return <WholeTree roots={roots} filter={filter} />
  return (
    <Table
      header={<Header>Metadata</Header>}
      filter={filter}
      columnDefinitions={FOUND_COLUMNS}
      items={found}
      trackBy="id"
      wrapLines
      empty={
        <Nothing title="Nothing found" advice="Every word must be in one row: in its tag, keyword, VR or value." />
      }
    />
  )
}

function WholeTree({ roots, filter }: { roots: readonly Node[]; filter: ReactNode }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(OPEN_AT_FIRST))
  const [shown, setShown] = useState(ROOTS_MAX)
  const items = roots.slice(0, shown)
  const opened = useMemo(() => openNodes(items, open), [items, open])
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
        expandedItems: opened,
        onExpandableItemToggle: ({ detail }) => {
          const next = new Set(open)
          if (detail.expanded) next.add(detail.item.id)
          else next.delete(detail.item.id)
          setOpen(next)
        },
      }}
      ariaLabels={{
        expandButtonLabel: ({ label }) => `Open ${label}`,
        collapseButtonLabel: ({ label }) => `Close ${label}`,
      }}
      footer={
        roots.length > shown && (
          <Box textAlign="center">
            <Button onClick={() => setShown(shown + ROOTS_MORE)}>
              Show more of {(roots.length - shown).toLocaleString('en-US')} instances
            </Button>
          </Box>
        )
      }
    />
  )
}

function openNodes(nodes: readonly Node[], open: ReadonlySet<string>): Node[] {
  return nodes.flatMap((node) => (open.has(node.id) ? [node, ...openNodes(node.children?.() ?? [], open)] : []))
}
