/** The date range picker of the search form. */
import DateRangePicker, { type DateRangePickerProps } from '@cloudscape-design/components/date-range-picker'
import { LOCALE } from '../format/locale.ts'
import { type Range, rangeError, type Unit } from './date-range.ts'
import type { DateProperty } from './search.ts'

const DAYS: readonly DateRangePickerProps.RelativeOption[] = [
  { key: 'day', amount: 1, unit: 'day', type: 'relative' },
  { key: 'week', amount: 7, unit: 'day', type: 'relative' },
  { key: 'month', amount: 1, unit: 'month', type: 'relative' },
  { key: 'year', amount: 1, unit: 'year', type: 'relative' },
]
const HOURS: readonly DateRangePickerProps.RelativeOption[] = [
  { key: 'hour', amount: 1, unit: 'hour', type: 'relative' },
  ...DAYS,
]

export function RangePicker({
  rangeProperty,
  range,
  onChange,
}: {
  rangeProperty: DateProperty
  range: Range | undefined
  onChange: (range: Range | undefined) => void
}) {
  const isStudyDate = rangeProperty === 'studyDate'
  return (
    <DateRangePicker
      value={pickerValueOf(range)}
      onChange={({ detail }) => onChange(rangeOfPickerValue(detail.value, isStudyDate))}
      relativeOptions={isStudyDate ? DAYS : HOURS}
      customRelativeRangeUnits={
        isStudyDate ? ['day', 'week', 'month', 'year'] : ['minute', 'hour', 'day', 'week', 'month', 'year']
      }
      isValidRange={(value) => {
        const range = rangeOfPickerValue(value, isStudyDate)
        const error = range === undefined ? 'Choose a date range.' : rangeError(range)
        return error === undefined ? { valid: true } : { valid: false, errorMessage: error }
      }}
      placeholder="Any time"
      absoluteFormat="long-localized"
      dateInputFormat="iso"
      locale={LOCALE}
      hideTimeOffset={isStudyDate}
      expandToViewport
      i18nStrings={{ formatRelativeRange: ({ amount, unit }) => lastText(amount, unit) }}
    />
  )
}

const lastText = (amount: number, unit: string): string => (amount === 1 ? `Last ${unit}` : `Last ${amount} ${unit}s`)

function pickerValueOf(range: Range | undefined): DateRangePickerProps.Value | null {
  if (range === undefined) return null
  if (range.type === 'absolute') return { type: 'absolute', startDate: range.from, endDate: range.to }
  const { amount, unit } = range
  const key = HOURS.find((option) => option.amount === amount && option.unit === unit)?.key
  return { type: 'relative', amount, unit, ...(key !== undefined && { key }) }
}

/** The picker adds a UTC offset, which study dates don't have. */
function rangeOfPickerValue(value: DateRangePickerProps.Value | null, isStudyDate: boolean): Range | undefined {
  if (value === null) return undefined
  if (value.type === 'relative') return { type: 'relative', amount: value.amount, unit: value.unit as Unit }
  const timestamp = (text: string) => (isStudyDate ? text.slice(0, 19) : text)
  return { type: 'absolute', from: timestamp(value.startDate), to: timestamp(value.endDate) }
}
