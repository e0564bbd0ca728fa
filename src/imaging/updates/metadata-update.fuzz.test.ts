/**
 * For any bytes as an update or a copy, the result is a ValidationException that quotes no value, or an update that can be applied and
 * leaves a readable image set; and it is quick.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'

import { runs } from '../../fixtures/soak.ts'
import { imageSetColumnsOf, readImageSetAttributes } from '../documents/image-set-attributes.ts'

import { applyUpdate } from './apply-update.ts'
import { parseCopiableAttributes } from './copiable-attributes.ts'
import {
  documentOf,
  FIRST,
  IMAGE_SET_ATTRIBUTES,
  INSTANCE_METADATA,
  parsed,
  SECOND,
  SERIES,
} from './metadata-update.fixture.ts'
import { parseUpdate } from './metadata-update.ts'

/** These take milliseconds; a backtracking regular expression would take far longer. */
const HANG_MS = 60_000

const SEED = 20260106
/** Part of every generated value, and of no message. */
const MARK = 'Zq7'

/** @returns the result of the act; undefined where it is refused, which must quote no value */
function unlessRefused<Answer>(act: () => Answer): Answer | undefined {
  try {
    return act()
  } catch (error) {
    assert.ok(error instanceof ContractError && error.name === 'ValidationException', String(error))
    assert.ok(!error.message.includes(MARK), error.message)
    // The characters of the contract's Message.
    assert.match(error.message, /^[\w -:`]{1,2048}$/)
    return undefined
  }
}

const imageSet = {
  imageSetAttributes: IMAGE_SET_ATTRIBUTES,
  instanceMetadata: INSTANCE_METADATA,
  sopInstanceUIDs: new Set(INSTANCE_METADATA.keys()),
  isPrimary: false,
  force: true,
}

/** @returns whether it was applied */
function made(put: Uint8Array | undefined, remove?: Uint8Array): boolean {
  const after = unlessRefused(() =>
    applyUpdate(parseUpdate({ updatableAttributes: put, removableAttributes: remove }), imageSet),
  )
  if (after === undefined) return false
  const document = documentOf(after)
  assert.ok(imageSetColumnsOf(readImageSetAttributes(after.imageSetAttributes)).tags.length < 10_000)
  for (const series of Object.values(document.Study.Series) as { Instances: object }[]) {
    for (const instance of Object.values(series.Instances)) {
      assert.equal(JSON.stringify(instance.ImageFrames), JSON.stringify(FRAMES))
      assert.equal(instance.StoredTransferSyntaxUID, '1.2.840.10008.1.2.4.202')
    }
  }
  return true
}

const FRAMES = documentOf({ imageSetAttributes: IMAGE_SET_ATTRIBUTES, changed: new Map(), removed: [] }).Study.Series[
  SERIES
].Instances[FIRST].ImageFrames

const keyword = fc.constantFrom(
  ...['PatientID', 'PatientName', 'StudyDate', 'StudyID', 'StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'],
  ...['Modality', 'SeriesNumber', 'Rows', 'ImageType', 'PixelSpacing', 'ReferencedImageSequence', 'PixelData', 'KVP'],
  ...['00191001', '00191009', '60020010', '00100020', '0019100a', '__proto__', 'constructor', 'toString', 'Nonsense'],
)
const scalar = fc.oneof(
  fc.string().map((text) => MARK + text),
  fc.constantFrom(null, 0, -0, 1.5, 2 ** 53, true, '', '20240102', '2.25.7', '97', 'P1', 'CT', '7 '),
)
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(keyword, tie('value'), { maxKeys: 3 }),
  ),
})).value
/** Mostly attributes of the right level, so that many updates are valid. */
const attributesOf = (...keywords: string[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.dictionary(fc.constantFrom(...keywords), scalar, { maxKeys: 2 }) },
    { weight: 1, arbitrary: fc.dictionary(keyword, value, { maxKeys: 3 }) },
    { weight: 1, arbitrary: value },
  )
const instance = fc.record(
  {
    DICOM: attributesOf('Rows', 'ImageType', 'KVP', '00191001', 'SOPInstanceUID', 'Nonsense'),
    DICOMVRs: fc.dictionary(fc.constantFrom('00191001', '00191009', 'Rows'), fc.constantFrom('LO', 'SQ', 'XX', 'US'), {
      maxKeys: 1,
    }),
  },
  { requiredKeys: [] },
)
const uid = fc.constantFrom(FIRST, FIRST, FIRST, SECOND, '9.9', '__proto__')
const series = fc.record(
  {
    DICOM: attributesOf('Modality', 'SeriesNumber', 'SeriesInstanceUID', 'Nonsense'),
    Instances: fc.dictionary(uid, instance, { maxKeys: 2 }),
  },
  { requiredKeys: [] },
)
const tree = fc.record(
  {
    SchemaVersion: fc.constantFrom<unknown>(1.1, 1.1, 1.1, '1.1', '1.1', '1.1', 1),
    Patient: fc.record(
      { DICOM: attributesOf('PatientID', 'PatientName', 'PatientSex', 'PatientComments') },
      { requiredKeys: [] },
    ),
    Study: fc.record(
      {
        DICOM: attributesOf('StudyDate', 'StudyID', 'StudyInstanceUID', 'StudyDescription'),
        Series: fc.dictionary(fc.constantFrom(SERIES, SERIES, SERIES, '__proto__'), series, { maxKeys: 1 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
)

test('updates of any structure are refused with a message or applied', () => {
  let count = 0
  fc.assert(
    fc.property(tree, fc.option(tree, { nil: undefined }), (put, remove) => {
      const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value))
      if (made(bytesOf(put), remove && bytesOf(remove))) count += 1
    }),
    { seed: SEED, numRuns: runs(7_000) },
  )
  assert.ok(count > 300, `only ${count} are made`)
})

test('damaged text of a valid update is refused with a message or applied', () => {
  const sound = JSON.stringify({
    SchemaVersion: 1.1,
    Patient: { DICOM: { PatientName: MARK, PatientComments: `${MARK}é` } },
    Study: { Series: { [SERIES]: { Instances: { [FIRST]: { DICOM: { ImageType: [MARK, 'A'], KVP: '1' } } } } } },
  })
  const piece = fc.constantFrom(
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    '\\ud800',
    '\0',
    '\uFEFF',
    '1e5',
    'true',
    '"a":1,',
    'é',
  )
  const change = fc.record({ at: fc.nat(sound.length), remove: fc.nat(8), piece })
  let count = 0
  fc.assert(
    fc.property(fc.array(change, { maxLength: 2 }), (changes) => {
      const text = changes.reduce(
        (text, { at, remove, piece }) => text.slice(0, at) + piece + text.slice(at + remove),
        sound,
      )
      if (made(Buffer.from(text))) count += 1
    }),
    { seed: SEED, numRuns: runs(4_000) },
  )
  assert.ok(count > 300, `only ${count} are made`)
})

test('any bytes are refused with a message, as an update and as a copy', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        made(bytes)
        made(undefined, bytes)
        unlessRefused(() => parseCopiableAttributes(Buffer.from(bytes).toString('utf8')))
      },
    ),
    { seed: SEED, numRuns: runs(4_000) },
  )
})

test('the largest and deepest updates that fit into a request are answered quickly', () => {
  const nested = (depth: number): unknown => (depth === 0 ? MARK : [{ ReferencedImageSequence: nested(depth - 1) }])
  const inInstance = (DICOM: unknown) => ({ Study: { Series: { [SERIES]: { Instances: { [FIRST]: { DICOM } } } } } })
  const many = Object.fromEntries(
    Array.from({ length: 1_400 }, (_, index) => [`0019${(0x1000 + index).toString(16).toUpperCase()}`, '']),
  )
  const texts = [
    '['.repeat(30_000),
    '{"a":'.repeat(6_000),
    `{"Patient":{"DICOM":{"PatientComments":"${' '.repeat(29_000)}x"}}}`,
    `{"Patient":{"DICOM":{"PatientComments":"${'\\\\'.repeat(14_000)}"}}}`,
    JSON.stringify(inInstance({ ReferencedImageSequence: nested(20) })),
    JSON.stringify(inInstance({ ReferencedImageSequence: nested(600) })),
    JSON.stringify(inInstance({ ImageType: Array.from({ length: 7_000 }, () => 'A') })),
    JSON.stringify(inInstance(many)),
    'A'.repeat(30_000),
    `${' '.repeat(29_999)}!`,
  ]
  const started = performance.now()
  for (const text of texts) made(Buffer.from(text))
  assert.ok(performance.now() - started < HANG_MS)
})

test('image set attributes and instances of a megabyte are changed quickly', () => {
  const text = 'a\\"}]{'.repeat(100)
  const members = Array.from(
    { length: 1_500 },
    (_, index) => `"0021${(0x1000 + index).toString(16).toUpperCase()}":"${text}"`,
  )
  const imageSetAttributes = IMAGE_SET_ATTRIBUTES.replace(
    '"PatientID"',
    `"PatientComments":"${text.repeat(1_500)}","PatientID"`,
  )
  const instanceMetadata = INSTANCE_METADATA.get(FIRST)!.replace('"Rows"', `${members.join(',')},"Rows"`)
  assert.ok(imageSetAttributes.length > 900_000 && instanceMetadata.length > 900_000)
  const update = parsed({
    put: {
      Patient: { DICOM: { PatientID: 'P2' } },
      Study: { Series: { [SERIES]: { Instances: { [FIRST]: { DICOM: { SliceThickness: '5' } } } } } },
    },
  })
  const started = performance.now()
  const after = applyUpdate(update, {
    ...imageSet,
    imageSetAttributes,
    instanceMetadata: new Map([[FIRST, instanceMetadata]]),
  })
  assert.ok(performance.now() - started < HANG_MS)
  assert.equal(after.imageSetAttributes, imageSetAttributes.replace('"PatientID":"P1"', '"PatientID":"P2"'))
  assert.equal(
    after.changed.get(FIRST)!.instanceMetadata,
    instanceMetadata.replace('"KVP"', '"SliceThickness":"5","KVP"'),
  )
})
