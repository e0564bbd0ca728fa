/** Files that cannot be imported: each is a line in the failure report, and the job continues. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { activeDatastore } from '../support/datastores.ts'
import {
  type Attributes,
  DeflatedExplicitVRLittleEndian,
  ExplicitVRLittleEndian,
  encodeDataSet,
  encodeP10,
  instance,
  instanceAttributes,
} from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { patientsOf, search } from '../support/search.ts'
import { choice, documented } from '../support/sources.ts'

const server = await openHilum({
  limits: { inflatedBytes: 16 * 1024 ** 2, importFileBytes: 32 * 1024 ** 2, importWholeFileBytes: 8 * 1024 ** 2 },
})
const { sdk } = server

/** Imports the file between two good ones, which must both be imported. @returns the message of its line */
async function failureOf(bytes: Uint8Array): Promise<string> {
  const datastoreId = await activeDatastore(sdk)
  const files = {
    'a.dcm': instance({ PatientID: 'A', StudyInstanceUID: '2.25.101' }),
    'b.dcm': bytes,
    'c.dcm': instance({ PatientID: 'C', StudyInstanceUID: '2.25.103' }),
  }
  const { manifest, failure } = await importFiles(server, { datastoreId, files })
  assert.deepEqual(
    [manifest.numberOfScannedFiles, manifest.numberOfImportedFiles, manifest.numberOfFilesWithCustomerError],
    [3, 2, 1],
  )
  assert.deepEqual(patientsOf(await search(sdk, { datastoreId })).toSorted(), ['A', 'C'])
  assert.equal(failure!.length, 1)
  const { exceptionType, message } = failure![0]!.exception
  assert.equal(exceptionType, 'ValidationException')
  assert.ok(failure![0]!.inputFile.endsWith('/b.dcm'))
  return message
}

const withPixels = (attributes: Attributes = {}) =>
  instance(
    { Rows: 16, Columns: 16, BitsAllocated: 16, SamplesPerPixel: 1, ...attributes },
    { pixelData: { frames: [new Uint8Array(512)] } },
  )

/** The header of an explicit VR little endian element, whatever follows. */
function element(tag: number, vr: string, lengthBytes: number): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16LE(tag >>> 16, 0)
  header.writeUInt16LE(tag & 0xffff, 2)
  header.write(vr, 4, 'latin1')
  header.writeUInt32LE(lengthBytes, 8)
  return header
}

/** AWS's message, followed by Hilum's details. */
const foreign = (kind: string, at: number) =>
  new RegExp(`^DICOM attributes does not exist\\. The file is ${kind}; reading stopped at byte ${at}: `)

describe('a file that is not DICOM is reported with its kind, and where parsing stopped', choice, () => {
  test('an empty file', async () => assert.match(await failureOf(new Uint8Array()), foreign('empty', 0)))
  test('a text file', documented, async () => {
    const message = await failureOf(Buffer.from('Patient: see the other folder\n'))
    assert.match(message, foreign('a text file', 0))
    assert.doesNotMatch(message, /Patient|folder/)
  })
  test('a JPEG image', async () => {
    const bytes = Buffer.from('ffd8ffe000104a46494600010101004800480000ffdb', 'hex')
    assert.match(await failureOf(bytes), foreign('a JPEG picture', 0))
  })
  test('a PNG image', async () => {
    const bytes = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    assert.match(await failureOf(bytes), foreign('a PNG picture', 0))
  })
  test('a PDF document', async () => {
    assert.match(await failureOf(Buffer.from('%PDF-1.7\n%\xe2\xe3', 'latin1')), foreign('a PDF document', 0))
  })
  test('a zip archive', async () => {
    const bytes = Buffer.concat([Buffer.from('504b030414000000', 'hex'), Buffer.alloc(4096, 7)])
    assert.match(await failureOf(bytes), foreign('a zip archive', 0))
  })
  test('a gzip archive with a DICOM file in it', async () => {
    assert.match(await failureOf(gzipSync(instance())), foreign('a gzip archive', 0))
  })
  test('a large one, of which only the beginning is read', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, gzipSync('x'.repeat(1000)))
    assert.match(await failureOf(bytes), foreign('a gzip archive', 0))
  })
  test('zeros, and a preamble with nothing after it', async () => {
    assert.match(await failureOf(new Uint8Array(4096)), foreign('a file of only zero bytes', 0))
    await failureOf(Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')]))
  })
  test('a DICOM data set without preamble and meta information, and truncated', async () => {
    const whole = encodeDataSet(instanceAttributes())
    const kind = 'a DICOM data set without preamble and file meta information'
    assert.match(await failureOf(whole.subarray(0, whole.length - 1)), foreign(kind, whole.length - 2))
  })
  test('random bytes', async () => {
    // A xorshift generator: the same bytes in every run.
    let state = 0x9e3779b9
    const bytes = Uint8Array.from({ length: 10_000 }, () => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state & 0xff
    })
    await failureOf(bytes)
    bytes.set(instance().subarray(0, 132))
    await failureOf(bytes)
  })
})

describe('a file that is truncated', choice, () => {
  test('in its preamble, its meta information, its attributes or its pixels', async () => {
    const whole = withPixels()
    for (const lengthBytes of [100, 131, 140, 200, whole.length - 600, whole.length - 1]) {
      assert.match(await failureOf(whole.subarray(0, lengthBytes)), /./)
    }
  })

  test('in an element whose length exceeds the file', async () => {
    await failureOf(Buffer.concat([instance(), element(0x7fe00010, 'OB', 1_000_000)]))
  })

  test('in an element of four gigabytes', async () => {
    await failureOf(Buffer.concat([instance(), element(0x7fe00010, 'OB', 0xfffffffe), Buffer.alloc(64)]))
    await failureOf(Buffer.concat([instance(), element(0x00420011, 'OB', 0xfffffffe), Buffer.alloc(64)]))
  })

  test('in its fragments', async () => {
    await failureOf(Buffer.concat([instance(), element(0x7fe00010, 'OB', 0xffffffff), Buffer.alloc(64)]))
  })
})

describe('a file that exceeds a limit', choice, () => {
  test('a deflated data set that inflates endlessly', async () => {
    const head = encodeP10({ transferSyntaxUID: DeflatedExplicitVRLittleEndian, attributes: {} })
    const empty = deflateRawSync(new Uint8Array()).length
    const meta = head.subarray(0, head.length - empty - (empty % 2))
    const bomb = deflateRawSync(
      Buffer.concat([element(0x00420011, 'OB', 64 * 1024 * 1024), Buffer.alloc(64 * 1024 * 1024)]),
    )
    assert.ok(bomb.length < 128 * 1024)
    assert.match(await failureOf(Buffer.concat([meta, bomb])), /inflate|16777216/i)
  })

  test('sequences nested ten thousand deep', async () => {
    const item = Buffer.from('feff00e0ffffffff', 'hex')
    const nested = Buffer.concat(
      Array.from({ length: 10_000 }, () => Buffer.concat([element(0x00081115, 'SQ', 0xffffffff), item])),
    )
    const attributes = instanceAttributes()
    const before = encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: { SOPClassUID: attributes.SOPClassUID, SOPInstanceUID: '2.25.1' },
    })
    await failureOf(Buffer.concat([before, nested]))
  })

  test('a file larger than the maximum', documented, async () => {
    const large = instance({}, { pixelData: { frames: [new Uint8Array(32 * 1024 * 1024)] } })
    assert.match(await failureOf(large), /33554432/)
  })
})

describe('a file without a required attribute', documented, () => {
  test('the transfer syntax, with the message of the service', async () => {
    const bytes = instance({}, { meta: { TransferSyntaxUID: undefined } })
    assert.equal(await failureOf(bytes), 'DICOM attribute TransferSyntaxUID does not exist')
  })

  for (const keyword of ['SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID']) {
    test(`${keyword} that is absent or empty`, choice, async () => {
      const rest = { SOPInstanceUID: '2.25.1', StudyInstanceUID: '2.25.2', SeriesInstanceUID: '2.25.3' }
      const meta = { MediaStorageSOPClassUID: '1.2.840.10008.5.1.4.1.1.7', MediaStorageSOPInstanceUID: '2.25.1' }
      const absent = instance({ ...rest, [keyword]: undefined }, { meta })
      assert.equal(await failureOf(absent), `DICOM attribute ${keyword} does not exist`)
      assert.equal(
        await failureOf(instance({ ...rest, [keyword]: null }, { meta })),
        `DICOM attribute ${keyword} does not exist`,
      )
    })
  }
})

describe('values that are too long to be imported', documented, () => {
  const limits = {
    PatientID: 256,
    PatientName: 256,
    StudyID: 256,
    AccessionNumber: 256,
    StudyDescription: 256,
    StudyTime: 28,
    PatientSex: 16,
  }
  for (const [keyword, max] of Object.entries(limits)) {
    test(`${keyword} of more than ${max} characters`, async () => {
      const message = await failureOf(instance({ [keyword]: 'Secret'.repeat(50).slice(0, max + 1) }))
      assert.match(message, new RegExp(keyword))
      assert.doesNotMatch(message, /Secret/)
    })
  }
})
