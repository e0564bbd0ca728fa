/** A date range, relative or between two moments, in the words of the search. */
import DateRangePicker, { type DateRangePickerProps } from '@cloudscape-design/components/date-range-picker'
import { faultOfRange, type Range, type Unit } from './date-range.ts'
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
  rangeOf,
  range,
  onChange,
}: {
  rangeOf: DateProperty
  range: Range | undefined
  onChange: (range: Range | undefined) => void
}) {
  const isStudyDate = rangeOf === 'studyDate'
  return (
    <DateRangePicker
      value={pickerValueOf(range)}
      onChange={({ detail }) => onChange(rangeOfValue(detail.value, isStudyDate))}
      relativeOptions={isStudyDate ? DAYS : HOURS}
      customRelativeRangeUnits={
        isStudyDate ? ['day', 'week', 'month', 'year'] : ['minute', 'hour', 'day', 'week', 'month', 'year']
      }
      isValidRange={(value) => {
        const picked = rangeOfValue(value, isStudyDate)
        const fault = picked === undefined ? 'Choose a range.' : faultOfRange(picked)
        return fault === undefined ? { valid: true } : { valid: false, errorMessage: fault }
      }}
      placeholder="Any time"
      absoluteFormat="iso"
      dateInputFormat="iso"
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

/** Study dates know no offset from UTC, and the picker always writes one. */
function rangeOfValue(value: DateRangePickerProps.Value | null, isStudyDate: boolean): Range | undefined {
  if (value === null) return undefined
  if (value.type === 'relative') return { type: 'relative', amount: value.amount, unit: value.unit as Unit }
  const moment = (text: string) => (isStudyDate ? text.slice(0, 19) : text)
  return { type: 'absolute', from: moment(value.startDate), to: moment(value.endDate) }
}
