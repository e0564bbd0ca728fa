/** The texts of a structured report. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDate, formatLocalDate } from '../format/dicom.ts'
import { isReport, reportOfInstance } from './report-items.ts'

const concept = (CodeMeaning: string) => ({ ConceptNameCodeSequence: [{ CodeMeaning, CodeValue: 'x' }] })
const container = (name: string, ContentSequence: unknown[]) => ({
  ...{ ValueType: 'CONTAINER', ContentSequence },
  ...concept(name),
})

test('every kind of content has a text', () => {
  const contents: [object, string][] = [
    [{ ValueType: 'TEXT', TextValue: 'Two nodules. ' }, 'Two nodules.'],
    [{ ValueType: 'CODE', ConceptCodeSequence: [{ CodeMeaning: 'Lung' }] }, 'Lung'],
    [
      {
        ValueType: 'NUM',
        MeasuredValueSequence: [{ NumericValue: '12.5', MeasurementUnitsCodeSequence: [{ CodeMeaning: 'mm' }] }],
      },
      '12.5 mm',
    ],
    [{ ValueType: 'NUM', MeasuredValueSequence: null }, 'No value'],
    [{ ValueType: 'PNAME', PersonName: 'Okafor^Ngozi' }, 'Okafor, Ngozi'],
    [{ ValueType: 'DATE', Date: '20260102' }, formatDate('20260102')],
    [{ ValueType: 'DATETIME', DateTime: '20260102101530.5' }, formatLocalDate('20260102', '101530.5')],
    [{ ValueType: 'UIDREF', UID: '1.2' }, '1.2'],
    [
      {
        ValueType: 'IMAGE',
        ReferencedSOPSequence: [{ ReferencedSOPInstanceUID: '1.2.3', ReferencedFrameNumber: '4' }],
      },
      '1.2.3, frame 4',
    ],
    [{ ValueType: 'SCOORD', GraphicType: 'ELLIPSE' }, 'ellipse'],
    [{ ValueType: 'OTHER' }, ''],
  ]
  const report = container(
    'Report',
    contents.map(([item]) => ({ ...item, ...concept('C') })),
  )
  assert.ok(isReport(report) && !isReport({ Rows: 4 }))
  const { concept: name, items } = reportOfInstance(report)
  assert.equal(name, 'Report')
  assert.deepEqual(
    items,
    contents.map(([, value]) => ({ concept: 'C', value, items: [] })),
  )
})

test('a report that is too deep or too long is cut', () => {
  let deep: object = { ValueType: 'TEXT', TextValue: 'the end' }
  for (let depth = 0; depth < 100; depth++) deep = container('c', [deep])
  assert.doesNotMatch(JSON.stringify(reportOfInstance(deep as Record<string, unknown>)), /the end/)
  const many = Array.from({ length: 20_000 }, () => ({ ValueType: 'TEXT', TextValue: 'a' }))
  assert.equal(reportOfInstance(container('c', many)).items.length, 5_000)
})
