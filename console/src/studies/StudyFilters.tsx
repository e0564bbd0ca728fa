/** The filters of the list of studies. What is typed becomes part of the search when the form is submitted. */
import './studies.css'
import Button from '@cloudscape-design/components/button'
import DateRangePicker from '@cloudscape-design/components/date-range-picker'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Multiselect from '@cloudscape-design/components/multiselect'
import ToggleButton from '@cloudscape-design/components/toggle-button'
import { type FormEvent, useState } from 'react'
import { LOCALE } from '../format/locale.ts'
import { MODALITIES } from './modalities.ts'
import { labelOfDays, RECENT_DAYS, rangeError, type StudyDates } from './study-dates.ts'
import { ALL_STUDIES, errorsOf, fragmentOf, type StudyErrors, type StudySearch } from './study-search.ts'

const TEXTS = [
  { name: 'PatientName', label: 'Patient name', hint: 'Beginnings of words: mar ele' },
  { name: 'PatientID', label: 'Patient ID', hint: 'Whole, or with *' },
  { name: 'AccessionNumber', label: 'Accession number', hint: 'Whole, or with *' },
] as const

const OPTIONS = MODALITIES.map(([value, description]) => ({ value, label: value, description }))

interface StudyFiltersProps {
  readonly search: StudySearch
  /** Of filters that the server refused. */
  readonly refusal: StudyErrors | undefined
  onSearch(search: StudySearch): void
}

export function StudyFilters({ search, refusal, onSearch }: StudyFiltersProps) {
  const [draft, setDraft] = useState(search)
  const fragment = fragmentOf(search)
  const [shown, setShown] = useState(fragment)
  // The form shows another search without being mounted again, so that the field keeps the focus.
  if (fragment !== shown) {
    setShown(fragment)
    setDraft(search)
  }
  const change = (changes: Partial<StudySearch>) => setDraft((before) => ({ ...before, ...changes }))
  const isSearched = fragmentOf({ ...draft, order: search.order, isDescending: search.isDescending }) === fragment
  const errors: StudyErrors = { ...(isSearched && refusal), ...errorsOf(draft) }

  function start(changes: Partial<StudySearch> = {}) {
    const next = { ...draft, ...changes, order: search.order, isDescending: search.isDescending }
    setDraft(next)
    if (Object.keys(errorsOf(next)).length === 0) onSearch(next)
  }

  function onSubmit(event: FormEvent) {
    event.preventDefault()
    start()
  }

  return (
    <search>
      <form className="study-filters" onSubmit={onSubmit} aria-label="Studies">
        {TEXTS.map(({ name, label, hint }) => (
          <FormField key={name} label={label} errorText={errors[name]} stretch>
            <Input
              value={draft[name]}
              onChange={({ detail }) => change({ [name]: detail.value })}
              placeholder={hint}
              spellcheck={false}
              autoComplete={false}
              type="search"
            />
          </FormField>
        ))}
        <FormField label="Modality" errorText={errors.ModalitiesInStudy} stretch>
          <Multiselect
            options={withChosen(draft.modalities)}
            selectedOptions={withChosen(draft.modalities).filter(({ value }) => draft.modalities.includes(value))}
            onChange={({ detail }) => change({ modalities: detail.selectedOptions.map(({ value }) => value!) })}
            placeholder="All"
            filteringType="auto"
            inlineTokens
            expandToViewport
            deselectAriaLabel={({ label }) => `Remove ${label}`}
          />
        </FormField>
        <FormField label="Study date" errorText={errors.StudyDate} stretch>
          <DateRangePicker
            value={draft.dates?.kind === 'range' ? pickerValueOf(draft.dates) : null}
            onChange={({ detail: { value } }) => change({ dates: datesOf(value) })}
            rangeSelectorMode="absolute-only"
            relativeOptions={[]}
            dateOnly
            isValidRange={(value) => {
              const dates = datesOf(value)
              const error = dates?.kind === 'range' ? rangeError(dates) : undefined
              return error === undefined ? { valid: true } : { valid: false, errorMessage: error }
            }}
            placeholder={draft.dates?.kind === 'recent' ? labelOfDays(draft.dates.days) : 'Any date'}
            absoluteFormat="long-localized"
            dateInputFormat="iso"
            locale={LOCALE}
            expandToViewport
          />
        </FormField>
        <div className="study-filter-actions">
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a border and a legend. */}
          <div role="group" aria-label="Recent days" className="recent-days">
            {RECENT_DAYS.map((days) => {
              const isPressed = draft.dates?.kind === 'recent' && draft.dates.days === days
              return (
                <ToggleButton
                  key={days}
                  pressed={isPressed}
                  onChange={() => start({ dates: isPressed ? undefined : { kind: 'recent', days } })}
                >
                  {labelOfDays(days)}
                </ToggleButton>
              )
            })}
          </div>
          <div className="recent-days">
            <Button formAction="none" onClick={() => start({ ...ALL_STUDIES })}>
              Clear filters
            </Button>
            {/* Never shown as loading: Cloudscape then ignores Enter in the fields. */}
            <Button variant="primary" formAction="submit" iconName="search">
              Search
            </Button>
          </div>
        </div>
      </form>
    </search>
  )
}

/** A link may have a modality that the list does not. */
const withChosen = (modalities: readonly string[]) => [
  ...OPTIONS,
  ...modalities
    .filter((modality) => !OPTIONS.some(({ value }) => value === modality))
    .map((value) => ({ value, label: value, description: '' })),
]

type PickerValue = { readonly type: string; readonly startDate?: string; readonly endDate?: string } | null

const pickerValueOf = ({ from, to }: { readonly from: string; readonly to: string }) =>
  ({ type: 'absolute', startDate: from, endDate: to }) as const

const datesOf = (value: PickerValue): StudyDates | undefined =>
  value === null
    ? undefined
    : { kind: 'range', from: value.startDate?.slice(0, 10) ?? '', to: value.endDate?.slice(0, 10) ?? '' }
