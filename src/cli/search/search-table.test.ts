import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import { widthOf } from '../terminal/text-width.ts'
import { openTable } from './search-table.ts'

const imageSet = (tags: ImageSetsMetadataSummary['DICOMTags'] = {}): ImageSetsMetadataSummary => ({
  imageSetId: '0'.repeat(32),
  version: 2,
  isPrimary: true,
  DICOMTags: {
    DICOMStudyDate: '20240131',
    DICOMStudyTime: '101502.5',
    DICOMSeriesModality: 'CT',
    DICOMPatientId: 'P-1',
    DICOMPatientName: 'Marlow^Eleanor^J',
    DICOMStudyDescription: 'CT Thorax',
    DICOMSeriesNumber: 4,
    DICOMNumberOfStudyRelatedInstances: 120,
    ...tags,
  },
})

const styled = (_style: string, text: string) => text
const LONG = 'x'.repeat(300)
const MIXED = [
  imageSet(),
  imageSet({ DICOMPatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう', DICOMStudyDescription: '胸部ＣＴ検査' }),
  imageSet({ DICOMPatientName: `=${'山'.repeat(99)}`, DICOMStudyDescription: LONG, DICOMPatientId: LONG }),
  { imageSetId: '1'.repeat(32) },
]

function draw(rows: readonly ImageSetsMetadataSummary[], columns: number | undefined): string[] {
  const table = openTable(rows, { columns, styled })
  return [table.head, ...rows.map(table.row)]
}

describe('the table of a search', () => {
  test('shows the columns by which people recognise image sets', () => {
    assert.deepEqual(draw([imageSet()], 100), [
      'Study date        Mod  Patient ID  Patient          Description  Ser  Inst  Ver  Prim',
      '2024-01-31 10:15  CT   P-1         Marlow, Eleanor  CT Thorax      4   120    2  yes',
    ])
  })

  test('is never wider than the terminal', () => {
    for (let columns = 1; columns <= 250; columns++) {
      for (const line of draw(MIXED, columns)) assert.ok(widthOf(line) <= columns, `${columns}: ${line}`)
    }
  })

  test('aligns columns with wide characters', () => {
    const [, latin, wide] = draw(MIXED.slice(0, 2), 110) as [string, string, string]
    const before = (line: string, text: string) => widthOf(line.slice(0, line.indexOf(text)))
    assert.ok(wide.includes('山田 太郎') && wide.includes('胸部ＣＴ検査'))
    assert.equal(before(latin, 'CT Thorax'), before(wide, '胸部ＣＴ検査'))
    assert.equal(widthOf(latin), widthOf(wide))
  })

  test('shows short columns whole and truncates long ones', () => {
    const [, , , long] = draw(MIXED, 100) as [string, string, string, string]
    assert.match(long, /^2024-01-31 10:15 {2}CT {3}x+… {2}山+… +x+… {4}4 {3}120 {4}2 {2}yes$/)
  })

  test('leaves out the least important columns in a narrow terminal', () => {
    const heads = (columns: number) => draw(MIXED, columns)[0]!.split(/ {2,}/)
    assert.deepEqual(heads(80).slice(-3), ['Ser', 'Inst', 'Prim'])
    assert.deepEqual(heads(50), ['Study date', 'Mod', 'Patient ID', 'Patient'])
    assert.deepEqual(heads(12), ['Study date'])
  })

  test('truncates nothing when the output is not a terminal', () => {
    const lines = draw(MIXED, undefined)
    assert.ok(lines[3]!.includes(LONG) && lines[3]!.includes('山'.repeat(99)))
  })

  test('keeps the layout of the first page', () => {
    const table = openTable([imageSet()], { columns: 100, styled })
    const later = table.row(imageSet({ DICOMStudyDescription: LONG }))
    assert.equal(widthOf(later), widthOf(table.row(imageSet())))
  })

  test('leaves unknown values empty and removes control characters', () => {
    const [, bare] = draw([{ imageSetId: 'x' }], 100)
    assert.equal(bare, '')
    assert.ok(!draw([imageSet({ DICOMStudyDescription: '\x1b[2J\nCT' })], 100)[1]!.includes('\x1b'))
  })
})
