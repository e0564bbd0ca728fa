/** Inconsistent files: they are imported with the frames that their bytes contain, and a warning names the inconsistency. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { activeDatastore } from '../support/datastores.ts'
import { type Attributes, instance } from '../support/fixtures.ts'
import {
  attributesOf,
  decodedPixels,
  draw,
  encodeRLEFrame,
  type FrameOfDocument,
  fetchFrame,
  instancesOf,
  lacks,
  nativeFrames,
  openFolder,
  pixelOf,
} from '../support/frames.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { choice } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server
const folder = openFolder()
after(() => folder.remove())

const PREFIX = '1.2.840.10008.1.2'
const BASELINE = `${PREFIX}.4.50`
const GREY = pixelOf({ bitsAllocated: 8 })

const attributesFor = (pixel: typeof GREY): Attributes => {
  const { SOPInstanceUID: _, SeriesInstanceUID: __, ...attributes } = attributesOf(pixel)
  return attributes as Attributes
}
const native = instance(attributesFor(GREY), { pixelData: { frames: [draw(GREY)] } })
const labelled = (transferSyntaxUID: string, frame: Uint8Array, pixel = GREY) =>
  instance(attributesFor(pixel), { transferSyntaxUID, pixelData: { frames: [frame] } })

async function imported(file: Uint8Array) {
  const datastoreId = await activeDatastore(sdk)
  const { manifest, warning, failure } = await importFiles(server, { datastoreId, files: { 'a.dcm': file } })
  assert.equal(manifest.numberOfImportedFiles, 1, failure?.[0]?.exception.message)
  const { imageSetId } = manifest.imageSetsSummary[0]!
  const [described] = await instancesOf(sdk, { datastoreId, imageSetId })
  const warnings = warning?.flatMap((line) => line.importResponse.warnings) ?? []
  const frame = async (listed: FrameOfDocument | undefined) => fetchFrame(sdk, { datastoreId, imageSetId }, listed!)
  return {
    described: described!,
    warnings,
    codes: warnings.map((each) => [each.warning_reason_code, each.type]),
    frame,
  }
}

/** The pixels that another decoder produces, without file header. */
function fragmentOf(file: Uint8Array, beginning: string): Buffer {
  const bytes = Buffer.from(file)
  const at = bytes.indexOf(Buffer.from(beginning, 'hex'))
  return bytes.subarray(at, at + bytes.readUInt32LE(at - 4))
}

describe('frames of a codec that does not match the transfer syntax', choice, () => {
  const skip = lacks(['dcmcjpeg', 'dcmtk'], ['gdcmconv', 'libgdcm-tools'])
  const made = (command: string) => folder.run(command, native)
  const cases: readonly [name: string, label: string, frame: () => Uint8Array][] = [
    ['JPEG 2000 called JPEG Baseline', BASELINE, () => fragmentOf(made('gdcmconv --j2k $in $out'), 'ff4fff51')],
    ['JPEG-LS called JPEG Baseline', BASELINE, () => fragmentOf(made('dcmcjpls $in $out'), 'ffd8ff')],
    ['RLE called JPEG Baseline', BASELINE, () => encodeRLEFrame(draw(GREY), GREY)],
    ['lossless JPEG called JPEG Baseline', BASELINE, () => fragmentOf(made('dcmcjpeg +e1 $in $out'), 'ffd8ff')],
    ['JPEG-LS called JPEG 2000', `${PREFIX}.4.91`, () => fragmentOf(made('dcmcjpls $in $out'), 'ffd8ff')],
    ['RLE called JPEG-LS', `${PREFIX}.4.80`, () => encodeRLEFrame(draw(GREY), GREY)],
    ['JPEG 2000 called RLE', `${PREFIX}.5`, () => fragmentOf(made('gdcmconv --j2k $in $out'), 'ff4fff51')],
  ]
  for (const [name, label, frame] of cases) {
    test(`${name} is decoded by its actual codec, with a warning`, { skip }, async () => {
      const { described, codes, warnings, frame: fetched } = await imported(labelled(label, frame()))
      assert.deepEqual(codes, [[0xbfff, 'Other']])
      assert.match(warnings[0]!.message, /not what the transfer syntax says/)
      assert.deepEqual(
        [described.DICOM.TransferSyntaxUID, described.StoredTransferSyntaxUID],
        [label, `${PREFIX}.4.202`],
      )
      const [listed] = described.ImageFrames
      assert.equal(listed!.PixelDataChecksumFromBaseToFullResolution[0]!.Checksum, crc32(draw(GREY)))
      assert.ok(Buffer.from(decodedPixels(await fetched(listed))).equals(draw(GREY)))
    })
  }

  test('baseline JPEG called JPEG 2000 is kept as JPEG', { skip }, async () => {
    const jpeg = fragmentOf(folder.run('dcmcjpeg +eb $in $out', native), 'ffd8ff')
    const { described, codes, frame } = await imported(labelled(`${PREFIX}.4.90`, jpeg))
    assert.deepEqual([codes, described.StoredTransferSyntaxUID], [[[0xbfff, 'Other']], BASELINE])
    const fetched = await frame(described.ImageFrames[0])
    assert.equal(fetched.contentType, 'image/jpeg')
    assert.ok(Buffer.from(fetched.bytes).equals(jpeg))
  })

  test('JPEG of 12 bits called baseline has the pixels that dcmtk decodes', { skip }, async () => {
    const pixel = pixelOf({ bitsStored: 12 })
    const file = folder.run(
      'dcmcjpeg +ee +bt $in $out',
      instance(attributesFor(pixel), { pixelData: { frames: [draw(pixel)] } }),
    )
    const [expected] = nativeFrames(folder.run('dcmdjpeg $in $out', file))
    const { described, codes } = await imported(labelled(BASELINE, fragmentOf(file, 'ffd8ff'), pixel))
    assert.deepEqual(codes, [[0xbfff, 'Other']])
    const [listed] = described.ImageFrames
    assert.equal(listed!.PixelDataChecksumFromBaseToFullResolution[0]!.Checksum, crc32(expected!))
  })

  test('progressive JPEG called baseline, and random bytes, are kept unchanged, with a warning', async () => {
    const progressive = Buffer.from('ffd8ffc2000b08003d005a0101110000ffd9', 'hex')
    for (const [bytes, message] of [
      [progressive, /are progressive JPEG, which is not what the transfer syntax says; they were kept/],
      [Buffer.alloc(500, 1), /do not begin as the transfer syntax says; they were kept/],
    ] as const) {
      const { described, codes, warnings, frame } = await imported(labelled(BASELINE, bytes))
      assert.deepEqual(codes, [[0xbfff, 'Other']])
      assert.match(warnings[0]!.message, message)
      assert.ok(Buffer.from((await frame(described.ImageFrames[0])).bytes).equals(bytes))
    }
  })
})

describe('values outside the standard', choice, () => {
  const withValue = (attributes: Attributes) =>
    instance({ ...attributesFor(GREY), ...attributes }, { pixelData: { frames: [draw(GREY)] } })
  const cases: readonly [name: string, attributes: Attributes, code: number, type: string, message: RegExp][] = [
    [
      'a photometric interpretation that is none',
      { PhotometricInterpretation: 'NONSENSE' },
      0xb007,
      'SOPClassDataMismatch',
      /PhotometricInterpretation is not one of its defined terms/,
    ],
    ['a planar configuration of 9', { PlanarConfiguration: 9 }, 0xb007, 'SOPClassDataMismatch', /PlanarConfiguration/],
    [
      'a number of frames that is no number',
      { NumberOfFrames: { vr: 'IS', value: Buffer.from('abc ') } },
      0xb111,
      'FrameNumberMismatch',
      /NumberOfFrames is not a number/,
    ],
  ]
  for (const [name, attributes, code, type, message] of cases) {
    test(`${name} has warning 0x${code.toString(16)}, and the frame is available`, async () => {
      const { codes, warnings, described } = await imported(withValue(attributes))
      assert.deepEqual(codes, [[code, type]])
      assert.match(warnings[0]!.message, message)
      assert.doesNotMatch(warnings[0]!.message, /NONSENSE|abc|9/)
      assert.equal(described.ImageFrames.length, 1)
    })
  }

  test('invalid UTF-8 has warning 0xb000 with the keyword and without the value', async () => {
    const broken = (text: string) => Buffer.concat([Buffer.from(text), Buffer.from([0xfc, 0x72])])
    const { codes, warnings } = await imported(
      withValue({
        SpecificCharacterSet: 'ISO_IR 192',
        PatientName: { vr: 'PN', value: broken('M') },
        RequestAttributesSequence: [{ RequestedProcedureDescription: { vr: 'LO', value: broken('Sch\u00e4d') } }],
        StudyDescription: 'Sch\u00e4del \ufffd',
      }),
    )
    assert.deepEqual(codes, [[0xb000, 'CoercionOfDataElements']])
    assert.match(warnings[0]!.message, /replaced in PatientName, RequestedProcedureDescription$/)
    assert.doesNotMatch(warnings[0]!.message, /Sch|\ufffd/)
  })

  test('standard values have no warning', async () => {
    for (const attributes of [
      { SpecificCharacterSet: 'ISO_IR 192', PatientName: 'M\u00fcller^J\u00f6rg' },
      { SpecificCharacterSet: ['', 'ISO 2022 IR 87'], PatientName: 'Yamada^Tarou=\u5c71\u7530^\u592a\u90ce' },
      { SpecificCharacterSet: 'ISO_IR 100', PatientName: 'M\u00fcller', NumberOfFrames: '1' },
    ]) {
      assert.deepEqual((await imported(withValue(attributes))).codes, [])
    }
  })
})
