/** The search form, with the controls of the two search procedures in AWS's documentation. */
import './search.css'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Select, { type SelectProps } from '@cloudscape-design/components/select'
import { type FormEvent, useState } from 'react'
import { RangePicker } from './RangePicker.tsx'
import { type DateProperty, isDate, isUid, PROPERTIES, type Property, type Search, searchError } from './search.ts'
import { type ValueError, whiteSpaceWarning } from './search-value.ts'

const option = ({ id, label }: { id: string; label: string }): SelectProps.Option => ({ value: id, label })
const ALL_OPTION: SelectProps.Option = { value: '', label: 'All image sets' }
const PROPERTY_OPTIONS = [ALL_OPTION, ...PROPERTIES.map(option)]
const DATE_OPTIONS = PROPERTIES.filter(({ id }) => isDate(id))
  .map(option)
  .reverse()
const PRIMARY_OPTIONS: readonly SelectProps.Option[] = [
  { value: 'true', label: 'Primary' },
  { value: 'false', label: 'Not primary' },
]

/** The state of the form. A date property chosen in the property menu is the property of the date range. */
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
    property: search.property ?? (search.range && search.rangeProperty),
  }))
  const [isSubmitted, setSubmitted] = useState(false)
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }))
  const next = searchOfDraft(draft, search)
  const error = searchError(next)
  const isRangeMissing = isSubmitted && isDate(draft.property) && draft.range === undefined

  function choose(property: Property | undefined) {
    setSubmitted(false)
    if (isDate(property)) change({ property, rangeProperty: property, value: '' })
    else if (property === 'primary') change({ property, value: 'true' })
    else change({ property, value: draft.property === 'primary' ? '' : draft.value })
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    setSubmitted(true)
    if (error === undefined && !(isDate(draft.property) && draft.range === undefined)) onSearch(next)
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
              error={isSubmitted || draft.value !== '' ? error : undefined}
              onChange={(value) => change({ value })}
            />
          )
        )}
        {!isDate(draft.property) && (
          <FormField label="Date" stretch>
            <Select
              options={DATE_OPTIONS}
              selectedOption={DATE_OPTIONS.find(({ value }) => value === draft.rangeProperty)!}
              onChange={({ detail }) =>
                change({ rangeProperty: detail.selectedOption.value as DateProperty, range: undefined })
              }
              ariaLabel="Date property"
            />
          </FormField>
        )}
        <div className={isDate(draft.property) ? 'wide' : undefined}>
          <FormField label="Date range" errorText={isRangeMissing && 'Choose a date range.'} stretch>
            <RangePicker
              rangeProperty={draft.rangeProperty}
              range={draft.range}
              onChange={(range) => change({ range })}
            />
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
  error,
  onChange,
}: {
  draft: Draft
  error: ValueError | undefined
  onChange: (value: string) => void
}) {
  const { property, value } = draft
  const warning = property !== undefined && !isUid(property) ? whiteSpaceWarning(value) : undefined
  const correctedValue = error?.correctedValue ?? warning?.correctedValue
  const correct = correctedValue !== undefined && (
    <Button variant="inline-link" formAction="none" onClick={() => onChange(correctedValue)}>
      Remove white space
    </Button>
  )
  return (
    <FormField
      label="Value"
      stretch
      errorText={
        error && (
          <>
            {error.message} {correct}
          </>
        )
      }
      warningText={
        error === undefined &&
        warning && (
          <>
            {warning.message} {correct}
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
