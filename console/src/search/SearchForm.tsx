/** The property filter menu, the value, the date range and Search: the procedure of AWS's documentation, click by click. */
import './search.css'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Select, { type SelectProps } from '@cloudscape-design/components/select'
import { type FormEvent, useState } from 'react'
import { RangePicker } from './RangePicker.tsx'
import { type DateProperty, faultOf, isDate, isUid, PROPERTIES, type Property, type Search } from './search.ts'
import { type Fault, whiteSpaceAround } from './uid.ts'

const option = ({ id, label }: { id: string; label: string }): SelectProps.Option => ({ value: id, label })
const EVERYTHING_OPTION: SelectProps.Option = { value: '', label: 'All image sets' }
const PROPERTY_OPTIONS = [EVERYTHING_OPTION, ...PROPERTIES.map(option)]
const DATE_OPTIONS = PROPERTIES.filter(({ id }) => isDate(id))
  .map(option)
  .reverse()
const PRIMARY_OPTIONS: readonly SelectProps.Option[] = [
  { value: 'true', label: 'Primary' },
  { value: 'false', label: 'Not primary' },
]

/** What is on screen; a date property of the menu is the range's. */
interface Draft extends Omit<Search, 'property' | 'sort'> {
  readonly property: Property | undefined
}

export function SearchForm({
  search,
  isSearching,
  onSearch,
}: {
  search: Search
  isSearching: boolean
  onSearch: (search: Search) => void
}) {
  const [draft, setDraft] = useState<Draft>(() => ({
    ...search,
    property: search.property ?? (search.range && search.rangeOf),
  }))
  const [isSent, setSent] = useState(false)
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }))
  const meant = searchOfDraft(draft, search)
  const fault = faultOf(meant)
  const isRangeMissing = isSent && isDate(draft.property) && draft.range === undefined

  function choose(property: Property | undefined) {
    setSent(false)
    if (isDate(property)) change({ property, rangeOf: property, value: '' })
    else if (property === 'primary') change({ property, value: 'true' })
    else change({ property, value: draft.property === 'primary' ? '' : draft.value })
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    setSent(true)
    if (fault === undefined && !(isDate(draft.property) && draft.range === undefined)) onSearch(meant)
  }

  return (
    <search>
      <form className="search-form" onSubmit={submit} aria-label="Image sets">
        <FormField label="Property" stretch>
          <Select
            options={PROPERTY_OPTIONS}
            selectedOption={PROPERTY_OPTIONS.find(({ value }) => value === (draft.property ?? ''))!}
            onChange={({ detail }) => choose((detail.selectedOption.value || undefined) as Property | undefined)}
            ariaLabel="Property filter"
          />
        </FormField>
        {draft.property === 'primary' ? (
          <FormField label="Value" stretch>
            <Select
              options={PRIMARY_OPTIONS}
              selectedOption={PRIMARY_OPTIONS.find(({ value }) => value === draft.value)!}
              onChange={({ detail }) => change({ value: detail.selectedOption.value! })}
            />
          </FormField>
        ) : (
          !isDate(draft.property) && (
            <ValueField
              draft={draft}
              fault={isSent || draft.value !== '' ? fault : undefined}
              onChange={(value) => change({ value })}
            />
          )
        )}
        {!isDate(draft.property) && (
          <FormField label="Date" stretch>
            <Select
              options={DATE_OPTIONS}
              selectedOption={DATE_OPTIONS.find(({ value }) => value === draft.rangeOf)!}
              onChange={({ detail }) =>
                change({ rangeOf: detail.selectedOption.value as DateProperty, range: undefined })
              }
              ariaLabel="Which date"
            />
          </FormField>
        )}
        <div className={isDate(draft.property) ? 'wide' : undefined}>
          <FormField label="Date range" errorText={isRangeMissing && 'Choose a range.'} stretch>
            <RangePicker rangeOf={draft.rangeOf} range={draft.range} onChange={(range) => change({ range })} />
          </FormField>
        </div>
        <div className="search-button">
          <Button variant="primary" formAction="submit" loading={isSearching} loadingText="Searching" iconName="search">
            Search
          </Button>
        </div>
      </form>
    </search>
  )
}

const searchOfDraft = ({ property, ...draft }: Draft, { sort }: Search): Search => ({
  ...draft,
  property: isDate(property) ? undefined : property,
  value: property === undefined || isDate(property) ? '' : draft.value,
  sort,
})

function ValueField({
  draft,
  fault,
  onChange,
}: {
  draft: Draft
  fault: Fault | undefined
  onChange: (value: string) => void
}) {
  const { property, value } = draft
  const spaces = property !== undefined && !isUid(property) ? whiteSpaceAround(value) : undefined
  const mended = fault?.mended ?? spaces?.mended
  const trim = mended !== undefined && (
    <Button variant="inline-link" formAction="none" onClick={() => onChange(mended)}>
      Remove the white space
    </Button>
  )
  return (
    <FormField
      label="Value"
      stretch
      errorText={
        fault && (
          <>
            {fault.reason} {trim}
          </>
        )
      }
      warningText={
        fault === undefined &&
        spaces && (
          <>
            {spaces.reason} {trim}
          </>
        )
      }
    >
      <Input
        value={value}
        onChange={({ detail }) => onChange(detail.value)}
        placeholder="Enter value to search"
        disabled={property === undefined}
        spellcheck={false}
        autoComplete={false}
        type="search"
      />
    </FormField>
  )
}
