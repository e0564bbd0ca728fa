/** The words of the search, and the filter that applies beside them, each with a button that removes it. */
import TokenGroup from '@cloudscape-design/components/token-group'
import type { Draft } from './draft.ts'
import { PROPERTIES } from './search.ts'
import { labelOf } from './words.ts'

export function SearchTokens({ draft, onRemove }: { draft: Draft; onRemove: (remaining: Draft) => void }) {
  const { words, filter } = draft
  const filters = filter.property === undefined ? [] : [filterLabel(filter.property, filter.value)]
  const items = [...filters, ...words.map(labelOf)].map((label) => ({ label, dismissLabel: `Remove ${label}` }))
  if (items.length === 0) return null
  return (
    <div className="search-tokens">
      <TokenGroup
        items={items}
        disableOuterPadding
        onDismiss={({ detail: { itemIndex } }) => {
          if (itemIndex < filters.length) onRemove({ ...draft, filter: { property: undefined, value: '' } })
          else onRemove({ ...draft, words: words.filter((_, at) => at !== itemIndex - filters.length) })
        }}
      />
    </div>
  )
}

function filterLabel(property: string, value: string): string {
  const label = PROPERTIES.find(({ id }) => id === property)!.label
  return `${label}: ${property === 'primary' ? (value === 'true' ? 'Yes' : 'No') : value}`
}
