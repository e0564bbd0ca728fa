/**
 * Exported files equal the imported ones: for each source syntax, the pixels are those that an independent program decodes from the source,
 * and independent programs accept the file.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { after, describe, test } from 'node:test'
import { demoInstances } from '../../demo/instances.ts'
import { bytesInMemory } from '../../dicom/byte-source.ts'
import { type Attributes, encodeP10 } from '../../dicom/encode.ts'
import { type DicomFile, parseP10 } from '../../dicom/parse.ts'
import { type ImagePixel, readImagePixel } from '../../pixel-data/element/image-pixel.ts'
import { planFrames } from '../../pixel-data/frame-plan.ts'
import {
  attributesOf,
  draw,
  fileOf,
  lacks,
  nativeFrames,
  openFolder,
  pixelOf,
  startThreads,
} from '../../pixel-data/frames.fixture.ts'
import {
  COLOUR,
  decodeStored,
  GREY_8,
  GREY_16,
  lacksDecoders,
  NATIVE_KINDS,
  SOURCES,
} from '../../pixel-data/source-files.fixture.ts'
import {
  exportedFrom,
  imageSetOf,
  openExportServer,
  pathIn,
  readExported,
  sourceOf,
  temporaryFolder,
} from './export.fixture.ts'

const UID = '1.2.840.10008.1.2'
const threads = startThreads()
const programs = openFolder()
const server = await openExportServer()
after(async () => {
  await server.stop()
  await threads.stop()
  programs.remove()
})

interface RoundTrip {
  readonly compressed?: boolean
  readonly format?: 'HTJ2K' | 'JPEG_2000_LOSSLESS'
}

/** Imports and exports a file. */
async function thereAndBack(
  t: Parameters<typeof temporaryFolder>[0],
  source: Uint8Array,
  { compressed = false, format = 'HTJ2K' }: RoundTrip = {},
): Promise<{ bytes: Uint8Array; file: DicomFile; path: string }> {
  const folder = temporaryFolder(t)
  const study = parseP10(source).dataSet.string('0020000D')!
  const report = await exportedFrom(await server.bringIn(source, format), { folder, threads, compressed, study })
  assert.deepEqual([report.notExported, report.files], [[], 1])
  const bytes = readExported(folder, source)
  assert.equal(report.bytes, bytes.length)
  return { bytes, file: parseP10(bytes), path: pathIn(folder, source) }
}

/** The frames of encapsulated pixel data, split by our own reader. */
async function fragmentsOf(file: DicomFile): Promise<Uint8Array[]> {
  const plan = planFrames(file, { format: 'HTJ2K' })
  assert.ok(plan.kind === 'frames' && plan.warning === undefined)
  const source = bytesInMemory(file.bytes)
  const frames: Uint8Array[] = []
  for (let index = 0; index < plan.cut.count; index++) {
    const [range, ...more] = plan.cut.place(index).ranges
    assert.equal(more.length, 0)
    frames.push(await source.read(range!))
  }
  return frames
}

const dcmtkAccepts = (path: string): void => {
  assert.match(execFileSync('dcmftest', [path], { encoding: 'utf8' }), /^yes:/)
  execFileSync('dcmdump', ['-q', path], { stdio: ['ignore', 'ignore', 'inherit'] })
}

describe('pixels are those of the source', { skip: lacksDecoders }, () => {
  for (const { name, pixel, encode, decode, numberOfFrames = 1 } of SOURCES) {
    test(name, async (t) => {
      const drawn = Array.from({ length: numberOfFrames }, (_, index) => draw(pixel, index + 1))
      const source = programs.run(encode, fileOf(pixel, { frames: drawn }))
      const lengthBytes = drawn[0]!.length * numberOfFrames
      const expected = Buffer.concat(nativeFrames(programs.run(decode, source))).subarray(0, lengthBytes)
      const { file, bytes, path } = await thereAndBack(t, source)
      assert.equal(file.transferSyntaxUID, `${UID}.1`)
      assert.ok(Buffer.concat(nativeFrames(bytes)).subarray(0, lengthBytes).equals(expected))
      dcmtkAccepts(path)

      const compressed = await thereAndBack(t, source, { compressed: true })
      assert.equal(compressed.file.transferSyntaxUID, `${UID}.4.202`)
      dcmtkAccepts(compressed.path)
      for (const [index, codestream] of (await fragmentsOf(compressed.file)).entries()) {
        assert.deepEqual([...codestream.subarray(0, 2)], [0xff, 0x4f], 'a codestream without a file format')
        const decoded = decodeStored(programs, codestream, { format: 'HTJ2K', pixel })
        const size = drawn[0]!.length
        assert.ok(Buffer.from(decoded).equals(expected.subarray(index * size, (index + 1) * size)))
      }
    })
  }

  test('of JPEG 2000 that is kept compressed', async (t) => {
    for (const pixel of [GREY_8, GREY_16, COLOUR]) {
      const drawn = draw(pixel)
      const { file, path } = await thereAndBack(t, fileOf(pixel, { frames: [drawn] }), {
        ...{ compressed: true, format: 'JPEG_2000_LOSSLESS' },
      })
      assert.equal(file.transferSyntaxUID, `${UID}.4.90`)
      dcmtkAccepts(path)
      const decoded = programs.run('gdcmconv --raw $in $out', file.bytes)
      assert.ok(Buffer.concat(nativeFrames(decoded)).subarray(0, drawn.length).equals(drawn))
    }
  })
})

describe('every kind of cell', () => {
  test('is exported bit for bit, whatever the format of the data store', async (t) => {
    for (const { pixel } of NATIVE_KINDS) {
      for (const format of ['HTJ2K', 'JPEG_2000_LOSSLESS'] as const) {
        const drawn = draw(pixel)
        const { file, bytes } = await thereAndBack(t, fileOf(pixel, { frames: [drawn] }), { format })
        assert.ok(Buffer.concat(nativeFrames(bytes)).subarray(0, drawn.length).equals(drawn))
        assert.deepEqual(readImagePixel(file.dataSet), pixel)
      }
    }
  })

  test('of floating point numbers is in its own element', async (t) => {
    const cells = [
      new Uint8Array(Float32Array.of(1.5, -2, 0, Number.NaN).buffer),
      new Uint8Array(Float64Array.of(1.5, 2, 0, -1).buffer),
    ]
    for (const [index, value] of cells.entries()) {
      const pixel = pixelOf({ rows: 2, columns: 2, bitsAllocated: index === 0 ? 32 : 64 })
      const { BitsStored, HighBit, PixelRepresentation, ...attributes } = attributesOf(pixel)
      const element =
        index === 0 ? { FloatPixelData: { vr: 'OF', value } } : { DoubleFloatPixelData: { vr: 'OD', value } }
      const source = encodeP10({ transferSyntaxUID: UID, attributes: { ...attributes, ...element } })
      const { file } = await thereAndBack(t, source)
      assert.deepEqual(Buffer.from(file.dataSet.bytes(index === 0 ? '7FE00008' : '7FE00009')!), Buffer.from(value))
      assert.equal(file.pixelData!.tag, index === 0 ? '7FE00008' : '7FE00009')
    }
  })

  test('of single bits is packed again, with frames that begin inside a byte', async (t) => {
    const pixel = pixelOf({ bitsAllocated: 1, rows: 3, columns: 5, numberOfFrames: 3 })
    const packed = Buffer.from([0b10101010, 0b11001100, 0b01010101, 0b11110000, 0b00111100, 0b00010101])
    for (const uid of [`${UID}.1`, UID]) {
      const { bytes, file } = await thereAndBack(t, fileOf(pixel, { frames: [packed] }, uid))
      assert.deepEqual(nativeFrames(bytes), [packed])
      assert.equal(file.dataSet.string('00280004'), 'MONOCHROME2')
    }
  })

  test('in colour planes is exported by pixel, and 4:2:2 with chroma for every pixel', async (t) => {
    const cells = draw(COLOUR)
    const planes = Buffer.concat([0, 1, 2].map((sample) => cells.filter((_, index) => index % 3 === sample)))
    const planar = await thereAndBack(t, fileOf({ ...COLOUR, isPlanar: true }, { frames: [planes] }))
    assert.ok(Buffer.concat(nativeFrames(planar.bytes)).subarray(0, cells.length).equals(cells))
    assert.equal(planar.file.dataSet.number('00280006'), 0)
    const half: ImagePixel = { ...COLOUR, rows: 2, columns: 2, photometricInterpretation: 'YBR_FULL_422' }
    const { bytes, file } = await thereAndBack(t, fileOf(half, { frames: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] }))
    assert.deepEqual(nativeFrames(bytes), [Buffer.of(1, 3, 4, 2, 3, 4, 5, 7, 8, 6, 7, 8)])
    assert.equal(file.dataSet.string('00280004'), 'YBR_FULL')
  })
})

describe('the colour space is named correctly', () => {
  const colourOf = ({ dataSet }: DicomFile) => [dataSet.string('00280004'), dataSet.number('00280006')]

  test('RGB in a codestream with the reversible transform is YBR_RCT, and RGB when decoded', async (t) => {
    const source = fileOf(COLOUR, { frames: [draw(COLOUR)] })
    assert.deepEqual(colourOf((await thereAndBack(t, source)).file), ['RGB', 0])
    assert.deepEqual(colourOf((await thereAndBack(t, source, { compressed: true })).file), ['YBR_RCT', 0])
  })

  test('lossy JPEG in YBR is RGB when decoded', { skip: lacks(['dcmcjpeg', 'dcmtk']) }, async (t) => {
    const source = programs.run('dcmcjpeg +ee +s2 $in $out', fileOf(COLOUR, { frames: [draw(COLOUR)] }))
    assert.match(parseP10(source).dataSet.string('00280004')!, /^YBR/)
    for (const format of ['HTJ2K', 'JPEG_2000_LOSSLESS'] as const) {
      assert.deepEqual(colourOf((await thereAndBack(t, source, { format })).file), ['RGB', 0])
    }
  })

  test('signed 8-bit samples are not kept in a codestream that declares them unsigned', async (t) => {
    const pixel = pixelOf({ bitsAllocated: 8, isSigned: true })
    const { file } = await thereAndBack(t, fileOf(pixel, { frames: [draw(pixel)] }), { compressed: true })
    assert.equal(file.transferSyntaxUID, `${UID}.1`)
  })
})

describe('a frame that is stored unchanged', () => {
  test('is exported as the same fragment in the same syntax', { skip: lacks(['dcmcjpeg', 'dcmtk']) }, async (t) => {
    const pixel = pixelOf({ bitsAllocated: 8, numberOfFrames: 3 })
    const source = programs.run(
      'dcmcjpeg +eb $in $out',
      fileOf(pixel, { frames: [1, 2, 3].map((seed) => draw(pixel, seed)) }),
    )
    const { file, path } = await thereAndBack(t, source)
    assert.equal(file.transferSyntaxUID, `${UID}.4.50`)
    assert.deepEqual(await fragmentsOf(file), await fragmentsOf(parseP10(source)))
    dcmtkAccepts(path)
    const decode = (bytes: Uint8Array) => Buffer.concat(nativeFrames(programs.run('dcmdjpeg $in $out', bytes)))
    assert.ok(decode(file.bytes).equals(decode(source)))
  })

  test('of a video is one item, whatever the number of its frames', async (t) => {
    const video = Buffer.concat([Buffer.from('000001b3', 'hex'), Buffer.alloc(40_001, 0x47)])
    const pixel = pixelOf({ bitsAllocated: 8, numberOfFrames: 25 })
    const { file } = await thereAndBack(t, fileOf(pixel, { frames: [video], fragmentSizeBytes: 3_000 }, `${UID}.4.100`))
    const [kept, ...more] = await fragmentsOf(file)
    assert.deepEqual([file.transferSyntaxUID, more.length, file.dataSet.string('00280008')], [`${UID}.4.100`, 0, '25'])
    assert.ok(Buffer.from(kept!.subarray(0, video.length)).equals(video))
  })
})

/** Pairs of modality and transfer syntax in the demo; the last ones appear after half of its instances. */
const KINDS = 27

describe('other programs', { skip: lacks(['dciodvfy', 'dicom3tools'], ['dcmftest', 'dcmtk']) }, () => {
  /** The errors that it reports; `-new` selects its newer wording. */
  const errorsIn = (path: string): string[] =>
    spawnSync('dciodvfy', ['-new', path], { encoding: 'utf8' })
      .stderr.split('\n')
      .filter((line) => line.startsWith('Error'))

  test('report no more errors for an exported file than for the imported one', async (t) => {
    const seen = new Set<string>()
    const folder = temporaryFolder(t)
    for await (const { bytes } of demoInstances({ seed: 1, today: '20260101' })) {
      const { dataSet, transferSyntaxUID } = parseP10(bytes)
      const kind = `${dataSet.string('00080060')} in ${transferSyntaxUID}`
      if (seen.has(kind)) continue
      seen.add(kind)
      const path = `${folder}/source.dcm`
      // It supports neither HTJ2K nor deflated files.
      const isKnown = !/\.4\.202$|\.1\.99$/.test(transferSyntaxUID)
      writeFileSync(path, bytes)
      const said = isKnown ? errorsIn(path) : undefined
      const exported = await thereAndBack(t, bytes)
      dcmtkAccepts(exported.path)
      const after = errorsIn(exported.path)
      if (said !== undefined)
        assert.deepEqual(
          after.filter((error) => !said.includes(error)),
          [],
          kind,
        )
      else assert.doesNotMatch(after.join('\n'), /read failed|PixelData|\(0002,/, kind)
      const compressed = await thereAndBack(t, bytes, { compressed: true, format: 'JPEG_2000_LOSSLESS' })
      dcmtkAccepts(compressed.path)
      assert.deepEqual(errorsIn(compressed.path), after, `${kind}, compressed`)
      if (seen.size === KINDS) break
    }
    assert.equal(seen.size, KINDS)
  })
})

describe('an instance that cannot be exported is reported, and leaves no file', () => {
  const files = [1, 2, 3].map((number) => {
    const pixel = pixelOf({ bitsAllocated: 8, rows: 40, columns: 40 })
    const attributes: Attributes = { ...attributesOf(pixel), SOPInstanceUID: `1.2.3.4.${number}` }
    return encodeP10({ transferSyntaxUID: UID, attributes, pixelData: { frames: [draw(pixel, number)] } })
  })
  const filesIn = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .toSorted()

  test('with frames that do not match the document', async (t) => {
    const folder = temporaryFolder(t)
    const imageSet = await imageSetOf(files, threads)
    const [first, second] = [...imageSet.frames.keys()]
    imageSet.frames.set(second!, imageSet.frames.get(first!)!)
    for (const compressed of [false, true]) {
      const report = await exportedFrom(sourceOf({ a: imageSet }), { folder, threads, compressed, overwrite: true })
      assert.deepEqual(report.notExported, [
        {
          ...{ imageSetId: 'a', instance: 2, sopInstanceUID: '1.2.3.4.2', instanceNumber: null },
          reason: 'the pixels of frame 1 do not match the checksum in the metadata document',
        },
      ])
      assert.deepEqual(filesIn(folder), ['1.2.3.4.1.dcm', '1.2.3.4.3.dcm'])
    }
  })

  test('with frames that cannot be decoded, are too few, or are missing', async (t) => {
    const folder = temporaryFolder(t)
    const broken = await imageSetOf(files, threads)
    const [first] = [...broken.frames.keys()]
    broken.frames.set(first!, broken.frames.get(first!)!.subarray(0, 150))
    broken.document = broken.document
      .replace(/"1\.2\.3\.4\.2":\{"DICOM":\{/, (start) => `${start}"NumberOfFrames":"2",`)
      .replace(/("1\.2\.3\.4\.3".*"ImageFrames":\[)[^\]]*\{[^\]]*\][^\]]*\]/, '$1]')
    const { notExported } = await exportedFrom(sourceOf({ a: broken }), { folder, threads })
    assert.deepEqual(
      notExported.map(({ instance }) => instance),
      [1, 2, 3],
    )
    const reasons = notExported.map(({ reason }) => reason)
    assert.match(reasons[0]!, /^frame 1 cannot be decoded|JPEG 2000/)
    assert.equal(reasons[1], 'NumberOfFrames is 2, and the store has 1')
    assert.match(reasons[2]!, /^it is an image without frames, and the server does not return/)
    assert.deepEqual(filesIn(folder), [])
  })

  test('whose file exists, unless --overwrite is given', async (t) => {
    const folder = temporaryFolder(t)
    const path = pathIn(folder, files[0]!)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, 'mine')
    const source = sourceOf({ a: await imageSetOf(files, threads) })
    const refused = await exportedFrom(source, { folder, threads })
    assert.deepEqual(
      [refused.files, refused.notExported[0]!.reason],
      [2, `${path} exists and is a different file: --overwrite replaces it`],
    )
    assert.equal(readFileSync(path, 'utf8'), 'mine')
    assert.deepEqual([(await exportedFrom(source, { folder, threads, overwrite: true })).files], [3])
    assert.equal(parseP10(readFileSync(path)).dataSet.string('00080018'), '1.2.3.4.1')
  })
})

test('an instance of two image sets is written twice, the second time with the id of its image set in the name', async (t) => {
  const folder = temporaryFolder(t)
  const file = fileOf(GREY_8, { frames: [draw(GREY_8)] })
  const imageSet = await imageSetOf([file], threads)
  const report = await exportedFrom(sourceOf({ a: imageSet, b: imageSet, '../c': imageSet }), { folder, threads })
  assert.deepEqual([report.files, report.imageSets, report.notExported], [3, 3, []])
  const [second, third, first] = readdirSync(dirname(pathIn(folder, file))).toSorted() as [string, string, string]
  assert.deepEqual([first, [second, third].includes('1.2.3.4.b.dcm')], ['1.2.3.4.dcm', true])
  assert.match([second, third].find((name) => name !== '1.2.3.4.b.dcm')!, /^1\.2\.3\.4\.[0-9a-f]{32}\.dcm$/)
})

test('an invalid UID cannot create a path outside the folder', async (t) => {
  const folder = temporaryFolder(t)
  const uids = ['../../out', '..', '1.2/../../3', `1.${'2'.repeat(70)}`]
  const files = uids.map((SOPInstanceUID) =>
    encodeP10({
      transferSyntaxUID: UID,
      attributes: { SOPClassUID: '1.2', SOPInstanceUID, StudyInstanceUID: '..', SeriesInstanceUID: '1.2.3' },
    }),
  )
  const report = await exportedFrom(sourceOf({ a: await imageSetOf(files, threads) }), { folder, threads })
  assert.equal(report.files, uids.length)
  const [study] = readdirSync(folder)
  assert.match(study!, /^not-a-uid-[0-9a-f]{32}$/)
  const names = readdirSync(`${folder}/${study}/1.2.3`)
  assert.equal(names.length, uids.length)
  for (const name of names) assert.match(name, /^not-a-uid-[0-9a-f]{32}\.dcm$/)
  assert.equal(existsSync(`${folder}/../out.dcm`), false)
})

test('an instance without pixel data is exported without it', async (t) => {
  const source = encodeP10({
    transferSyntaxUID: UID,
    attributes: {
      ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', SOPInstanceUID: '1.2.3.4', StudyInstanceUID: '1.2.3' },
      ...{ SeriesInstanceUID: '1.2.3.1', ContentSequence: [{ TextValue: 'a finding', ValueType: 'TEXT' }] },
      ...{ '7FE10010': { vr: 'LO', value: 'BEHIND THE PIXELS' }, FailedSOPSequence: null },
    },
  })
  const { file } = await thereAndBack(t, source)
  assert.equal(file.pixelData, undefined)
  assert.equal(file.dataSet.items('0040A730')[0]!.string('0040A160'), 'a finding')
  assert.equal(file.dataSet.string('7FE10010'), 'BEHIND THE PIXELS')
})
