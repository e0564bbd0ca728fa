/** The heading of a table of search results: how many there are and are selected, actions, and the choice of all of them. */
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import { counterText } from './counter-text.ts'
import { SelectAllFound, type SelectAllFoundProps } from './SelectAllFound.tsx'

interface FoundHeaderProps extends SelectAllFoundProps {
  readonly title: string
  readonly isFetching: boolean
  onRefresh(): void
  /** Beside the button that refreshes. */
  readonly children: ReactNode
}

export function FoundHeader({ title, isFetching, onRefresh, children, ...selection }: FoundHeaderProps) {
  const { total, isAll, selectedCount } = selection
  return (
    <SpaceBetween size="xs">
      <Header
        counter={counterText(total, isAll ? (total ?? 0) : selectedCount)}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={onRefresh} />
            {children}
          </SpaceBetween>
        }
      >
        {title}
      </Header>
      <SelectAllFound {...selection} />
    </SpaceBetween>
  )
}
