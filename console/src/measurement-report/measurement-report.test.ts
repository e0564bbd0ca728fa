/** Measurement reports: read back, and read by dcmtk. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Shape, ShapeKind, ShapeOnImage } from '../viewer/measure/shapes.ts'
import { imagesOf } from '../viewer/stack/stack.ts'
import { documentOf, frame } from '../viewer/viewer.fixture.ts'
import { savedShapesOf } from './read-report.ts'
import { reportFile, reportOf } from './write-report.ts'

const CT = '1.2.840.10008.5.1.4.1.1.2'
const attributes = {
  ...{ SOPClassUID: CT, SOPInstanceUID: '1.2.1', Modality: 'CT', StudyInstanceUID: '1.1', SeriesInstanceUID: '1.2' },
  ...{ PixelSpacing: ['0.5', '0.5'], StudyID: 'S', PatientBirthDate: '19700102' },
}
const images = imagesOf(documentOf({ '1.2.1': { attributes, frames: [frame('a'), frame('b')] } }))
const statistics = { count: 9, mean: -12.5, deviation: 3.25, min: -20, max: 4 }
const at = (x: number, y: number) => ({ x, y })

const measurement = (kind: ShapeKind, points: Shape['points'], more: Partial<Shape> = {}): ShapeOnImage => ({
  image: images[1]!,
  shape: { kind, points, image: 'b', ...more },
})
const MEASUREMENTS = [
  measurement('length', [at(1.5, 2.25), at(41.5, 32.25)]),
  measurement('angle', [at(10, 0), at(0, 0), at(0, 10)]),
  measurement('rectangle', [at(8, 4), at(2, 1)], { statistics }),
  measurement('ellipse', [at(2, 2), at(10, 22)], { statistics }),
  measurement('probe', [at(5.5, 6.5)], { statistics: { ...statistics, count: 1, deviation: 0 } }),
  measurement('arrow', [at(1, 1), at(9, 9)], { text: 'Nodule, größer' }),
]
const options = () => {
  let last = 0
  return { now: { date: '20261127', time: '101112' }, newUid: () => `2.25.${++last}` }
}

test('a report is read back with every shape on its frame', () => {
  const saved = savedShapesOf(reportOf(MEASUREMENTS, options()) as Record<string, unknown>)
  assert.deepEqual(
    saved.map(({ kind }) => kind),
    ['length', 'angle', 'rectangle', 'ellipse', 'probe', 'arrow'],
  )
  for (const [index, { points, sopInstanceUID, frameNumber }] of saved.entries()) {
    assert.deepEqual(points, MEASUREMENTS[index]!.shape.points)
    assert.deepEqual([sopInstanceUID, frameNumber], ['1.2.1', 2])
  }
  assert.deepEqual(
    saved.map(({ text }) => text),
    ['', '', '', '', '', 'Nodule, größer'],
  )
})

test('a report of another program is read as far as its graphics are known', () => {
  const scoord = (GraphicType: string, GraphicData: number[]) => ({
    ValueType: 'SCOORD',
    ...{ GraphicType, GraphicData },
    ContentSequence: [{ ValueType: 'IMAGE', ReferencedSOPSequence: [{ ReferencedSOPInstanceUID: '1.9' }] }],
  })
  const items = [scoord('POLYLINE', [0, 0, 3, 4]), scoord('MULTIPOINT', [1, 1, 2, 2]), scoord('POINT', [])]
  const report = { ContentSequence: [{ ValueType: 'NUM', ContentSequence: items }, { ValueType: 'TEXT' }] }
  assert.deepEqual(savedShapesOf(report), [
    { kind: 'length', points: [at(0, 0), at(3, 4)], sopInstanceUID: '1.9', frameNumber: 1, text: '' },
  ])
  assert.deepEqual(savedShapesOf({}), [])
})

const skip = spawnSync('dsrdump', ['--version']).status === 0 ? false : 'dsrdump (dcmtk) is not installed'

test('dcmtk reads the report and its values', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-report-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'report.dcm')
  writeFileSync(path, reportFile(MEASUREMENTS, options()))
  const dumped = execFileSync('dsrdump', ['--print-all-codes', path], { encoding: 'utf8' })
  for (const words of [
    'Comprehensive SR Document',
    /Length"\)="25" \(mm,UCUM/,
    /Angle"\)="90" \(deg,UCUM/,
    // 6 columns and 3 rows of half a millimeter each way.
    /Area"\)="4.5" \(mm2,UCUM/,
    /Mean"\)="-12.5" \(\[hnsf'U\],UCUM/,
    /Standard Deviation"\)="3.25"/,
    /SCOORD/,
  ])
    assert.match(dumped, words instanceof RegExp ? words : new RegExp(words))
})
