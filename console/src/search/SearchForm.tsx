/** The search form, with the controls of the two search procedures in AWS's documentation. */
import './search.css'
import Button from '@cloudscape-design/components/button'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Select, { type SelectProps } from '@cloudscape-design/components/select'
import { type FormEvent, useState } from 'react'
import { type Draft, draftError, draftOf, draftWarning, searchOfDraft, withProperty } from './draft.ts'
import { RangePicker } from './RangePicker.tsx'
import { SearchTokens } from './SearchTokens.tsx'
import { type DateProperty, fragmentOf, isDate, PROPERTIES, type Search } from './search.ts'
import type { ValueError } from './search-value.ts'
import { helpOf, isWordAttribute, type Refusal, WORD_PROPERTIES } from './words.ts'

const option = ({ id, label }: { id: string; label: string }): SelectProps.Option => ({ value: id, label })
const ALL_OPTION: SelectProps.Option = { value: '', label: 'All image sets' }
const FILTER_OPTIONS = [ALL_OPTION, ...PROPERTIES.map(option)]
const WORD_OPTIONS = WORD_PROPERTIES.map(option)
const PROPERTY_OPTIONS: SelectProps.Options = [...FILTER_OPTIONS, { label: 'Words', options: WORD_OPTIONS }]
const DATE_OPTIONS = PROPERTIES.filter(({ id }) => isDate(id))
  .map(option)
  .reverse()
const PRIMARY_OPTIONS: readonly SelectProps.Option[] = [
  { value: 'true', label: 'Primary' },
  { value: 'false', label: 'Not primary' },
]

export function SearchForm({
  search,
  refusal,
  onSearch,
}: {
  search: Search
  /** Of a word of the search. */
  refusal: Refusal | undefined
  onSearch: (search: Search) => void
}) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(search, refusal))
  const [isSubmitted, setSubmitted] = useState(false)
  const fragment = fragmentOf(search)
  const [shown, setShown] = useState({ fragment, refusal })
  // The form shows another search without being mounted again, so that the field keeps the focus.
  if (fragment !== shown.fragment || (refusal !== undefined && refusal.message !== shown.refusal?.message)) {
    setShown({ fragment, refusal })
    setDraft(draftOf(search, refusal))
    setSubmitted(false)
  }
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }))
  const error = draftError(draft, search)
  const isRangeMissing = isSubmitted && isDate(draft.property) && draft.range === undefined
  const isRefused = refusal?.word.attribute === draft.property && refusal?.word.text === draft.value

  function choose(property: Draft['property']) {
    setSubmitted(false)
    setDraft((before) => withProperty(before, property, search))
  }

  function submit(submitted: Draft) {
    setSubmitted(true)
    setDraft(submitted)
    if (draftError(submitted, search) !== undefined) return
    if (isDate(submitted.property) && submitted.range === undefined) return
    onSearch(searchOfDraft(submitted, search))
  }

  /** Searches for the rest at once. */
  function remove(remaining: Draft) {
    if (remaining.value === '') onSearch(searchOfDraft(remaining, search))
    else submit(remaining)
  }

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    submit(draft)
  }

  return (
    <search>
      <form className="search-form" onSubmit={onSubmit} aria-label="Image sets">
        <FormField label="Property" stretch>
          <Select
            options={PROPERTY_OPTIONS}
            selectedOption={[...FILTER_OPTIONS, ...WORD_OPTIONS].find(({ value }) => value === (draft.property ?? ''))!}
            onChange={({ detail }) => choose((detail.selectedOption.value || undefined) as Draft['property'])}
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
              error={isRefused ? refusal : isSubmitted || draft.value !== '' ? error : undefined}
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
          {/* Never shown as loading: Cloudscape then ignores Enter in the fields, and another search may begin at any time. */}
          <Button variant="primary" formAction="submit" iconName="search">
            Search
          </Button>
        </div>
        <SearchTokens draft={draft} onRemove={remove} />
      </form>
    </search>
  )
}

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
  const warning = draftWarning(draft)
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
      constraintText={isWordAttribute(property) && helpOf(property)}
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
