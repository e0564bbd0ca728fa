/** The filters of the audit log. */
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Input from '@cloudscape-design/components/input'
import Select, { type SelectProps } from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, useState } from 'react'
import { RangePicker } from '../search/RangePicker.tsx'
import { type AuditFilters, NO_FILTERS } from './audit-search.ts'

const OUTCOMES: readonly SelectProps.Option[] = [
  { value: '', label: 'All' },
  { value: 'succeeded', label: 'Succeeded' },
  { value: 'failed', label: 'Failed or refused' },
]

interface AuditFilterFormProps {
  /** Those of the URL. */
  readonly filters: AuditFilters
  onSearch(filters: AuditFilters): void
}

export function AuditFilterForm({ filters, onSearch }: AuditFilterFormProps) {
  const [draft, setDraft] = useState(filters)
  const change = (changes: Partial<AuditFilters>) => setDraft({ ...draft, ...changes })
  function submit(event: FormEvent) {
    event.preventDefault()
    onSearch(draft)
  }
  return (
    <form onSubmit={submit}>
      <SpaceBetween size="m">
        <Grid
          gridDefinition={[
            { colspan: { default: 12, s: 6, l: 3 } },
            { colspan: { default: 12, s: 6, l: 3 } },
            { colspan: { default: 12, s: 6, l: 3 } },
            { colspan: { default: 12, s: 6, l: 3 } },
          ]}
        >
          <FormField label="Principal">
            <Input
              type="search"
              value={draft.principal}
              placeholder="Name, ARN or access key"
              spellcheck={false}
              onChange={({ detail }) => change({ principal: detail.value })}
            />
          </FormField>
          <FormField label="Operation">
            <Input
              type="search"
              value={draft.eventName}
              placeholder="DeleteImageSet"
              spellcheck={false}
              onChange={({ detail }) => change({ eventName: detail.value })}
            />
          </FormField>
          <FormField label="Outcome">
            <Select
              options={OUTCOMES}
              selectedOption={OUTCOMES.find(({ value }) => value === draft.outcome)!}
              onChange={({ detail }) => change({ outcome: detail.selectedOption.value as AuditFilters['outcome'] })}
            />
          </FormField>
          <FormField label="Time">
            <RangePicker rangeProperty="updated" range={draft.range} onChange={(range) => change({ range })} />
          </FormField>
        </Grid>
        <SpaceBetween direction="horizontal" size="xs">
          {/* Never shown as loading: Cloudscape then ignores Enter in the fields. */}
          <Button variant="primary" iconName="search">
            Search
          </Button>
          <Button
            formAction="none"
            onClick={() => {
              setDraft(NO_FILTERS)
              onSearch(NO_FILTERS)
            }}
          >
            Clear filters
          </Button>
        </SpaceBetween>
      </SpaceBetween>
    </form>
  )
}
