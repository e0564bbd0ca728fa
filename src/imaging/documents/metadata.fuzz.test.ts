/**
 * For any file that the reader accepts, the metadata are valid JSON, nothing is thrown, and every element is in the document once or is
 * left out by a named rule.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mutate, mutation, SEEDS } from '../../dicom/broken-files.fixture.ts'
import type { DataSet } from '../../dicom/data-set.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { entryOf } from '../../dicom/dictionary.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { runs } from '../../fixtures/soak.ts'
import { describedInstance, fileOf, type Json } from './metadata.fixture.ts'
import { leftOut } from './metadata-values.ts'

const SEED = 20260101
const RUNS = runs(5_000)

/** Checks that each element which no rule leaves out is in one of the objects, including elements of items. @returns how many there are */
function checkThere(dataSet: DataSet, objects: readonly Json[], within: 'file-meta' | 'data-set'): number {
  let elements = 0
  for (const tag of dataSet.tags()) {
    if (leftOut(tag, within) !== undefined) continue
    elements += 1
    const keys = [tag, entryOf(tag)?.keyword].filter((key) => key !== undefined)
    const holders = objects.filter((object) => keys.some((key) => key in object))
    assert.equal(holders.length, 1, `${tag} is in ${holders.length} objects`)
    const value = holders[0]![keys.find((key) => key in holders[0]!)!]
    const items = dataSet.items(tag)
    if (items.length === 0) continue
    assert.ok(Array.isArray(value) && value.length === items.length, `${tag} has all its items`)
    for (const [index, item] of items.entries()) {
      assert.equal(checkThere(item, [value[index]], within), Object.keys(value[index]).length)
    }
  }
  return elements
}

function checkWhole(file: DicomFile): void {
  const { own, patient, study, series, instance } = describedInstance(file)
  const ofMeta = checkThere(file.meta, [own], 'file-meta')
  const ofDataSet = checkThere(file.dataSet, [own, patient, study, series], 'data-set')
  const keys = [own, patient, study, series].flatMap((object) => Object.keys(object))
  // The document of a bare data set has its detected transfer syntax.
  assert.equal(keys.length, Math.max(ofMeta, 1) + ofDataSet)
  for (const vr of Object.values(instance.DICOMVRs as Json)) assert.match(vr as string, /^[A-Z]{2}$/)
}

test('every valid seed is completely in its document', () => {
  for (const seed of SEEDS) checkWhole(parseP10(seed))
})

test('so is every damaged file that is accepted', () => {
  let accepted = 0
  fc.assert(
    fc.property(fc.nat(SEEDS.length - 1), fc.array(mutation, { minLength: 1, maxLength: 3 }), (seed, changes) => {
      let file: DicomFile
      try {
        file = parseP10(changes.reduce(mutate, SEEDS[seed]!), { inflatedBytesMax: 1_000_000 })
      } catch (error) {
        assert.ok(error instanceof DicomError)
        return
      }
      accepted += 1
      checkWhole(file)
    }),
    { seed: SEED, numRuns: RUNS },
  )
  assert.ok(accepted > RUNS / 10, 'too few files are accepted')
})

test('values of any bytes in any VR are valid JSON', () => {
  const vrs =
    'AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SS ST SV TM UC UI UL UN UR US UT UV'.split(' ')
  fc.assert(
    fc.property(
      fc.constantFrom(...vrs),
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom('', 'ISO_IR 100', 'ISO_IR 192', 'GB18030', 'ISO 2022 IR 87', 'NOBODY KNOWS'),
      fc.constantFrom('00191001', '00081030', '00100010', '00280106', '00187FFE'),
      (vr, value, SpecificCharacterSet, tag) => {
        checkWhole(fileOf({ SpecificCharacterSet: ['', SpecificCharacterSet], [tag]: { vr, value } }))
      },
    ),
    { seed: SEED, numRuns: runs(2_000) },
  )
})
