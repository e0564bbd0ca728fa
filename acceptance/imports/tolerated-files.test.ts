/** Files with faults that lose nothing, which other programs read too: imported completely, each with a warning that names the fault. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { activeDatastore } from '../support/datastores.ts'
import { type Attributes, instance } from '../support/fixtures.ts'
import { attributesOf, draw, encodeRLEFrame, type FrameOfDocument, instancesOf, pixelOf } from '../support/frames.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { choice } from '../support/sources.ts'

const pixel = pixelOf({ bitsAllocated: 8, rows: 40, columns: 50, numberOfFrames: 2 })
const FRAMES = [1, 2].map((seed) => draw(pixel, seed))
const { SOPInstanceUID: _, SeriesInstanceUID: __, ...attributes } = attributesOf(pixel)
const native = instance({ ...(attributes as Attributes), InstanceNumber: '7' }, { pixelData: { frames: FRAMES } })
const compressed = instance(attributes as Attributes, {
  transferSyntaxUID: '1.2.840.10008.1.2.5',
  pixelData: { frames: FRAMES.map((cells) => encodeRLEFrame(cells, pixel)) },
})

function withBlankVR(): Uint8Array {
  const bytes = Buffer.from(native)
  bytes.write('  ', bytes.indexOf(Buffer.from('20001300', 'hex')) + 4)
  return bytes
}

for (const [size, limits] of [
  ['held whole', {}],
  ['too large to hold', { importWholeFileBytes: 1024 }],
] as const) {
  describe(`a file ${size}`, choice, async () => {
    const server = await openHilum({ limits })

    async function imported(bytes: Uint8Array) {
      const datastoreId = await activeDatastore(server.sdk)
      const { manifest, warning, failure } = await importFiles(server, { datastoreId, files: { 'a.dcm': bytes } })
      assert.equal(manifest.numberOfImportedFiles, 1, failure?.[0]?.exception.message)
      const { imageSetId } = manifest.imageSetsSummary[0]!
      const [described] = await instancesOf(server.sdk, { datastoreId, imageSetId })
      const checksums = described!.ImageFrames.map(
        (frame: FrameOfDocument) => frame.PixelDataChecksumFromBaseToFullResolution[0]!.Checksum,
      )
      assert.deepEqual(
        checksums,
        FRAMES.map((frame) => crc32(frame)),
      )
      return { described: described!, warnings: warning?.flatMap((line) => line.importResponse.warnings) ?? [] }
    }

    test('whose pixel data lacks the sequence delimiter is imported with a warning', async () => {
      const { warnings } = await imported(compressed.subarray(0, compressed.length - 8))
      assert.deepEqual(warnings, [
        {
          warning_reason_code: 0xbfff,
          type: 'Other',
          message: 'The pixel data has no sequence delimiter; it was read up to the end of the file',
        },
      ])
    })

    test('with an explicit value representation of two blanks is imported with a warning', async () => {
      const { warnings, described } = await imported(withBlankVR())
      assert.deepEqual([warnings.length, warnings[0]?.type], [1, 'Other'])
      assert.match(warnings[0]!.message, /value representation is blank/)
      assert.equal(described.DICOM.InstanceNumber, '7 ')
    })

    test('that is padded to a block with zeros is imported with a warning', async () => {
      for (const bytes of [native, compressed]) {
        const { warnings } = await imported(Buffer.concat([bytes, Buffer.alloc(512 - (bytes.length % 512))]))
        assert.deepEqual([warnings.length, warnings[0]?.type], [1, 'Other'])
        assert.match(warnings[0]!.message, /zeros behind its last element/)
      }
    })
  })
}

test('pixel data truncated inside an item is refused', choice, async () => {
  const server = await openHilum()
  const datastoreId = await activeDatastore(server.sdk)
  const files = { 'a.dcm': compressed.subarray(0, compressed.length - 20) }
  const { manifest, failure } = await importFiles(server, { datastoreId, files })
  assert.equal(manifest.numberOfImportedFiles, 0)
  assert.match(failure![0]!.exception.message, /ends inside/)
})
