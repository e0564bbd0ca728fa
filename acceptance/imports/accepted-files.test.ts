/** Files in every encoding that must be imported: transfer syntaxes, bare data sets, private and unusual elements. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import {
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  encodeDataSet,
  ImplicitVRLittleEndian,
  instance,
  instanceAttributes,
} from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { search } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server

async function tagsOf(bytes: Uint8Array) {
  const datastoreId = await activeDatastore(sdk)
  const { manifest } = await importFiles(server, { datastoreId, files: { 'a.dcm': bytes } })
  assert.equal(manifest.numberOfImportedFiles, 1)
  const [summary] = await search(sdk, { datastoreId })
  return summary!.DICOMTags!
}

for (const [name, transferSyntaxUID] of Object.entries({
  'implicit VR little endian': ImplicitVRLittleEndian,
  'explicit VR little endian': ExplicitVRLittleEndian,
  'explicit VR big endian': ExplicitVRBigEndian,
  'deflated explicit VR little endian': DeflatedExplicitVRLittleEndian,
})) {
  for (const sequenceLength of ['defined', 'undefined'] as const) {
    test(`${name} with sequences of ${sequenceLength} length`, documented, async () => {
      const bytes = instance(
        {
          PatientID: 'spelled',
          SeriesNumber: -7,
          Rows: 4,
          Columns: 4,
          BitsAllocated: 16,
          ReferencedSeriesSequence: [{ SeriesInstanceUID: '2.25.99', PatientID: 'not this one' }],
        },
        { transferSyntaxUID, sequenceLength, pixelData: { frames: [new Uint8Array(32)] } },
      )
      const tags = await tagsOf(bytes)
      assert.deepEqual([tags.DICOMPatientId, tags.DICOMSeriesNumber], ['spelled', -7])
    })
  }
}

test('a bare data set without preamble and meta information', choice, async () => {
  for (const explicitVR of [true, false]) {
    const bytes = encodeDataSet(instanceAttributes({ PatientID: 'bare' }), { explicitVR })
    assert.equal((await tagsOf(bytes)).DICOMPatientId, 'bare')
  }
})

test('private elements, retired and private SOP classes, and an instance without pixels', documented, async () => {
  const bytes = instance({
    PatientID: 'private',
    SOPClassUID: '1.3.12.2.1107.5.9.1',
    '00290010': { vr: 'LO', value: 'A MAKER' },
    '00291001': { vr: 'OB', value: new Uint8Array(100) },
  })
  assert.equal((await tagsOf(bytes)).DICOMPatientId, 'private')
})

test('encapsulated frames in fragments', documented, async () => {
  const bytes = instance(
    { PatientID: 'fragments', Rows: 8, Columns: 8, BitsAllocated: 8, NumberOfFrames: 2 },
    {
      transferSyntaxUID: '1.2.840.10008.1.2.4.70',
      pixelData: { frames: [new Uint8Array(100), new Uint8Array(60)], fragmentSizeBytes: 32 },
    },
  )
  assert.equal((await tagsOf(bytes)).DICOMPatientId, 'fragments')
})

test('a file that is too large for memory is streamed', choice, async () => {
  const small = await openHilum({ limits: { importWholeFileBytes: 4_096 } })
  const datastoreId = await activeDatastore(small.sdk)
  const bytes = instance(
    { PatientID: 'large', Rows: 256, Columns: 256, BitsAllocated: 8 },
    { pixelData: { frames: [new Uint8Array(65_536)] } },
  )
  const { manifest, failure } = await importFiles(small, {
    datastoreId,
    files: { 'large.dcm': bytes, 'cut.dcm': bytes.subarray(0, 60_000) },
  })
  assert.deepEqual([manifest.numberOfImportedFiles, failure!.length], [1, 1])
  assert.ok(failure![0]!.inputFile.endsWith('cut.dcm'))
})
