/** The content of a structured report (PS3.3 C.17.3) as a tree of texts. */
import { formatDate, formatLocalDate, formatPersonName, formatTimeOfDay } from '../format/dicom.ts'
import type { Attributes } from '../metadata/document.ts'
import { REPORT_ITEMS_MAX } from '../viewer/stack/limits.ts'
import { itemsOf, textOf } from '../viewer/stack/values.ts'

export interface ReportItem {
  readonly concept: string
  /** Empty for containers. */
  readonly value: string
  readonly items: readonly ReportItem[]
}

const DEPTH_MAX = 16

export const isReport = (instance: Attributes): boolean => textOf(instance.ValueType) === 'CONTAINER'

/** The items of the whole report are at most REPORT_ITEMS_MAX. The others are left out. */
export function reportOfInstance(instance: Attributes): ReportItem {
  let count = 0
  const read = (item: Attributes, depth: number): ReportItem => {
    const items: ReportItem[] = []
    for (const inner of depth > DEPTH_MAX ? [] : itemsOf(item.ContentSequence)) {
      if (count >= REPORT_ITEMS_MAX) break
      count += 1
      items.push(read(inner, depth + 1))
    }
    return { concept: meaningOf(item.ConceptNameCodeSequence), value: textOfValue(item), items }
  }
  return read(instance, 0)
}

const meaningOf = (sequence: unknown): string => {
  const code = itemsOf(sequence)[0] ?? {}
  return textOf(code.CodeMeaning) || textOf(code.CodeValue)
}

function textOfValue(item: Attributes): string {
  switch (textOf(item.ValueType)) {
    case 'TEXT':
      return textOf(item.TextValue)
    case 'CODE':
      return meaningOf(item.ConceptCodeSequence)
    case 'NUM': {
      const measured = itemsOf(item.MeasuredValueSequence)[0]
      const unit = itemsOf(measured?.MeasurementUnitsCodeSequence)[0] ?? {}
      const isUnitless = textOf(unit.CodeValue) === '1'
      return [textOf(measured?.NumericValue) || 'No value', isUnitless ? '' : textOf(unit.CodeMeaning)].join(' ').trim()
    }
    case 'PNAME':
      return formatPersonName(textOf(item.PersonName))
    case 'DATE':
      return formatDate(textOf(item.Date))
    case 'TIME':
      return formatTimeOfDay(textOf(item.Time))
    case 'DATETIME': {
      const [, date = '', time = ''] = /^(\d{8})(\d*)/.exec(textOf(item.DateTime)) ?? []
      return formatLocalDate(date, time)
    }
    case 'UIDREF':
      return textOf(item.UID)
    case 'IMAGE':
    case 'COMPOSITE':
    case 'WAVEFORM': {
      const reference = itemsOf(item.ReferencedSOPSequence)[0] ?? {}
      const frame = textOf(reference.ReferencedFrameNumber)
      return [textOf(reference.ReferencedSOPInstanceUID), frame && `frame ${frame}`].filter(Boolean).join(', ')
    }
    case 'SCOORD':
    case 'SCOORD3D':
      return textOf(item.GraphicType).toLowerCase()
    default:
      return ''
  }
}
