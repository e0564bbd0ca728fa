/**
 * The metadata document, the frames of GetImageFrame and an exported file name the same colour space. Each is compared with the pixels that
 * other programs decode from the imported file.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { parseP10 } from '../../dicom/parse.ts'
import { readDocument } from '../../imaging/documents/read-document.ts'
import { draw, fileOf, lacks, nativeFrames, openFolder, startThreads } from '../../pixel-data/frames.fixture.ts'
import { colourOfFile } from '../../pixel-data/jpeg2000/jp2-boxes.ts'
import { COLOUR, decodeStored, GREY_8, lacksDecoders } from '../../pixel-data/source-files.fixture.ts'
import { exportedFrom, openExportServer, readExported, temporaryFolder } from './export.fixture.ts'
import { bytesOf } from './export-source.ts'

const UID = '1.2.840.10008.1.2'
const skip = lacksDecoders || lacks(['dcmcjpeg', 'dcmtk'], ['cjpeg', 'libjpeg-turbo-progs'])
const threads = startThreads()
const programs = openFolder()
const server = await openExportServer()
after(async () => {
  await server.stop()
  await threads.stop()
  programs.remove()
})

const rgb = fileOf(COLOUR, { frames: [draw(COLOUR)] })
const planes = Buffer.concat([0, 1, 2].map((sample) => draw(COLOUR).filter((_, index) => index % 3 === sample)))
const halved = { ...COLOUR, rows: 2, columns: 2, photometricInterpretation: 'YBR_FULL_422' }
const palette = { ...GREY_8, photometricInterpretation: 'PALETTE COLOR' }

interface Case {
  readonly name: string
  readonly file: () => Uint8Array
  /** PhotometricInterpretation of the imported file. */
  readonly from: string
  readonly to: string
  readonly pixels: (file: Uint8Array) => Uint8Array
}

const decodedBy = (command: string) => (file: Uint8Array) => nativeFrames(programs.run(command, file))[0]!

const TRANSCODED: readonly Case[] = [
  {
    ...{ name: 'lossy JPEG, 4:2:0', from: 'YBR_FULL_422', to: 'RGB' },
    file: () => programs.run('dcmcjpeg +ee +np $in $out', rgb),
    pixels: decodedBy('dcmdjpeg +px $in $out'),
  },
  {
    ...{ name: 'lossy JPEG with chroma for every pixel', from: 'YBR_FULL', to: 'RGB' },
    file: () => programs.run('dcmcjpeg +ee +s4 $in $out', rgb),
    pixels: decodedBy('dcmdjpeg +px $in $out'),
  },
  {
    ...{ name: 'lossy JPEG whose marker says RGB', from: 'YBR_FULL', to: 'RGB' },
    file: () => fileOf({ ...COLOUR, photometricInterpretation: 'YBR_FULL' }, { frames: [jpegOfRGB()] }, `${UID}.4.51`),
    pixels: decodedBy('dcmdjpeg +px +cg $in $out'),
  },
  {
    ...{ name: 'JPEG 2000 with its transform', from: 'YBR_RCT', to: 'RGB' },
    file: () =>
      fileOf({ ...COLOUR, photometricInterpretation: 'YBR_RCT' }, { frames: [jpeg2000OfRGB()] }, `${UID}.4.90`),
    pixels: () => draw(COLOUR),
  },
  {
    ...{ name: 'RGB by plane', from: 'RGB', to: 'RGB' },
    file: () => fileOf({ ...COLOUR, isPlanar: true }, { frames: [planes] }),
    pixels: () => draw(COLOUR),
  },
  {
    ...{ name: 'YBR with chroma for every second pixel', from: 'YBR_FULL_422', to: 'YBR_FULL' },
    file: () => fileOf(halved, { frames: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] }),
    pixels: () => Uint8Array.of(1, 3, 4, 2, 3, 4, 5, 7, 8, 6, 7, 8),
  },
  {
    ...{ name: 'a palette', from: 'PALETTE COLOR', to: 'PALETTE COLOR' },
    file: () => fileOf(palette, { frames: [draw(palette)] }),
    pixels: () => draw(palette),
  },
]

const ppm = Buffer.concat([Buffer.from(`P6\n${COLOUR.columns} ${COLOUR.rows}\n255\n`), draw(COLOUR)])
/** With Adobe's marker for no colour transform. */
const jpegOfRGB = () => programs.run('cjpeg -rgb -dct int -outfile $out $in', ppm, { in: '.ppm', out: '.jpg' })
const jpeg2000OfRGB = () => programs.run('opj_compress -i $in -o $out -mct 1', ppm, { in: '.ppm', out: '.j2k' })

describe('the document, the frame and the exported file name the same colour space', { skip }, () => {
  for (const { name, file, from, to, pixels } of TRANSCODED) {
    for (const format of ['HTJ2K', 'JPEG_2000_LOSSLESS'] as const) {
      test(`${name}, in a store of ${format}`, async (t) => {
        const source = file()
        assert.equal(parseP10(source).dataSet.string('00280004'), from)
        const expected = pixels(source)
        const stored = await server.bringIn(source, format)
        const [imageSetId] = await stored.imageSetsOf('1.2.3')
        const [instance] = readDocument(await stored.document(imageSetId!, undefined))
        const { PhotometricInterpretation, PlanarConfiguration, Rows, Columns, SamplesPerPixel } = instance!.DICOM
        const isColour = SamplesPerPixel === 3
        assert.deepEqual([PhotometricInterpretation, PlanarConfiguration], [to, isColour ? 0 : undefined])

        const frame = await bytesOf(stored.frame(imageSetId!, instance!.ImageFrames[0]!.ID), 1_000_000)
        const size = Number(Rows) * Number(Columns) * Number(SamplesPerPixel)
        const pixel = isColour ? COLOUR : palette
        const decoded = decodeStored(programs, frame, { format, pixel })
        assert.ok(Buffer.from(decoded).equals(expected.subarray(0, size)), 'the frame has the pixels')
        const { Checksum } = instance!.ImageFrames[0]!.PixelDataChecksumFromBaseToFullResolution[0]!
        assert.equal(Checksum, crc32(decoded))
        if (format === 'HTJ2K' && isColour) assert.equal(colourOfFile(frame), to === 'RGB' ? 'sRGB' : 'sYCC')

        const folder = temporaryFolder(t)
        const { notExported } = await exportedFrom(stored, { folder, threads })
        assert.deepEqual(notExported, [])
        const exported = readExported(folder, source)
        const { dataSet } = parseP10(exported)
        assert.deepEqual([dataSet.string('00280004'), dataSet.number('00280006')], [to, isColour ? 0 : undefined])
        assert.ok(Buffer.from(nativeFrames(exported)[0]!.subarray(0, size)).equals(decoded))
      })
    }
  }
})

test('frames that are stored unchanged keep the colour space of the file', { skip }, async (t) => {
  const source = programs.run('dcmcjpeg +eb $in $out', fileOf({ ...COLOUR, isPlanar: true }, { frames: [planes] }))
  const colourOf = (bytes: Uint8Array) => {
    const { dataSet, transferSyntaxUID } = parseP10(bytes)
    return [dataSet.string('00280004'), dataSet.number('00280006'), transferSyntaxUID]
  }
  const stored = await server.bringIn(source, 'HTJ2K')
  const [imageSetId] = await stored.imageSetsOf('1.2.3')
  const [{ DICOM, StoredTransferSyntaxUID }] = readDocument(await stored.document(imageSetId!, undefined)) as [
    ReturnType<typeof readDocument>[0],
  ]
  assert.deepEqual(
    [DICOM.PhotometricInterpretation, DICOM.PlanarConfiguration, StoredTransferSyntaxUID],
    colourOf(source),
  )
  const folder = temporaryFolder(t)
  await exportedFrom(stored, { folder, threads })
  assert.deepEqual(colourOf(readExported(folder, source)), colourOf(source))
  assert.equal(colourOf(source)[2], `${UID}.4.50`)
})
