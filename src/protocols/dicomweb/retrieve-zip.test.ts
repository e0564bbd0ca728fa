/** Zip archives of studies and series: unpacked by unzip, their files those of GetDICOMInstance, their DICOMDIR read by others' programs. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { type Attributes, encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { attributesOf, draw, lacks, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { type DicomwebStore, pathOf, startDicomweb } from './dicomweb.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())

const UID = '1.2.840.10008.1.2'
const STORAGE = '1.2.840.10008.5.1.4.1.1'
const pixel = pixelOf({ rows: 40, columns: 60, numberOfFrames: 2 })

const STUDY: Attributes = {
  ...{ PatientID: 'P1', PatientName: 'Yamada^Tarou=山田^太郎', SpecificCharacterSet: ['ISO_IR 192'] },
  ...{ StudyInstanceUID: '1.2.3', StudyDate: '20260102', StudyTime: '030405', StudyID: 'S1' },
}
const imageOf = (series: number, number: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: `${UID}.1`,
    attributes: {
      ...{ ...attributesOf(pixel), ...STUDY, SeriesInstanceUID: `1.2.3.${series}`, SeriesNumber: String(series) },
      ...{ SOPInstanceUID: `1.2.3.${series}.${number}`, InstanceNumber: String(number), Modality: 'CT' },
    },
    pixelData: { frames: [draw(pixel, 1), draw(pixel, 2)] },
  })

const code = { CodeValue: '113000', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Of Interest' }
const referring: Attributes = {
  ReferencedSeriesSequence: [
    {
      SeriesInstanceUID: '1.2.3.1',
      ReferencedImageSequence: [{ ReferencedSOPClassUID: `${STORAGE}.2`, ReferencedSOPInstanceUID: '1.2.3.1.1' }],
    },
  ],
}
const evidence = [{ ReferencedSOPClassUID: `${STORAGE}.2`, ReferencedSOPInstanceUID: '1.2.3.1.1' }]
const points = { Rows: 1, Columns: 1, DataPointRows: 1, DataPointColumns: 4, NumberOfFrames: '1' }

/** By the end of the UID of the class: the type of the record, and what its files have. */
const OTHERS: readonly (readonly [string, string, Attributes])[] = [
  [
    '88.11',
    'SR DOCUMENT',
    {
      ...{ CompletionFlag: 'COMPLETE', VerificationFlag: 'VERIFIED', ValueType: 'CONTAINER' },
      VerifyingObserverSequence: [{ VerificationDateTime: '20260104101112', VerifyingObserverName: 'A' }],
    },
  ],
  ['88.59', 'KEY OBJECT DOC', { ContentDate: '20260103', ContentTime: '101112' }],
  ['11.1', 'PRESENTATION', { ContentLabel: 'MARKS', PresentationCreationDate: '20260103', ...referring }],
  ['9.1.1', 'WAVEFORM', { ContentDate: '20260103', ContentTime: '101112' }],
  ['104.1', 'ENCAP DOC', { MIMETypeOfEncapsulatedDocument: 'application/pdf', DocumentTitle: 'Report' }],
  ['66', 'RAW DATA', {}],
  ['66.1', 'REGISTRATION', { ContentLabel: 'FUSION' }],
  ['481.3', 'RT STRUCTURE SET', { StructureSetLabel: 'ORGANS' }],
  ['481.5', 'RT PLAN', { RTPlanLabel: 'PLAN' }],
  ['481.4', 'RT TREAT RECORD', {}],
  ['4.2', 'SPECTROSCOPY', { ...points, ReferencedImageEvidenceSequence: evidence }],
  ['200.1.1', 'PRIVATE', {}],
]
const titled: Attributes = {
  ConceptNameCodeSequence: [code],
  ContentSequence: [
    {
      ...{ RelationshipType: 'HAS CONCEPT MOD', ValueType: 'CODE' },
      ...{ ConceptNameCodeSequence: [code], ConceptCodeSequence: [code] },
    },
    { RelationshipType: 'CONTAINS', ValueType: 'TEXT', TextValue: 'of the document only' },
  ],
}
const otherOf = ([end, , more]: (typeof OTHERS)[number], at: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: `${UID}.1`,
    attributes: {
      ...{
        ...STUDY,
        SeriesInstanceUID: `1.2.3.5${at}`,
        SOPInstanceUID: `1.2.3.5${at}.1`,
        SeriesNumber: String(50 + at),
      },
      ...{ SOPClassUID: `${STORAGE}.${end}`, Modality: 'OT', ...(end.startsWith('88') && titled), ...more },
    },
  })

/** Unpacked by Info-ZIP. */
async function unpacked(store: DicomwebStore, path: string, accept = 'application/zip'): Promise<string> {
  const folder = temporaryFolder({ after: () => {} })
  const zip = join(folder, 'archive.zip')
  writeFileSync(zip, await store.bytes(path, { accept }))
  execFileSync('unzip', ['-tq', zip])
  execFileSync('unzip', ['-q', zip, '-d', join(folder, 'files')])
  return join(folder, 'files')
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(folder, 'DICOM')).flatMap((series) =>
    readdirSync(join(folder, 'DICOM', series)).map((file) => join(folder, 'DICOM', series, file)),
  )

describe('a zip archive', { skip: lacks(['unzip', 'unzip']) }, async () => {
  const store = await dicomweb.open()
  await store.bringIn(imageOf(1, 1), imageOf(1, 2), imageOf(2, 1), ...OTHERS.map(otherOf))
  const folder = await unpacked(store, 'studies/1.2.3')
  const directory = join(folder, 'DICOMDIR')

  test('has each instance as it is sent alone, in a folder for each series', async () => {
    const files = filesIn(folder)
    assert.equal(files.length, 3 + OTHERS.length)
    const seriesOfFolder = new Map<string, string>()
    for (const path of files) {
      const file = readFileSync(path)
      assert.ok(file.equals(await store.bytes(pathOf(file), { accept: 'application/dicom' })))
      const [series = '', name = ''] = path.split('/').slice(-2)
      assert.match(`${series}/${name}`, /^SE\d{6}\/IM\d{6}$/)
      const uid = parseP10(file).dataSet.string('0020000E')!
      assert.equal(seriesOfFolder.get(series) ?? uid, uid)
      seriesOfFolder.set(series, uid)
    }
    assert.equal(seriesOfFolder.size, 2 + OTHERS.length)
  })

  test('of a series has its instances only, in the accepted syntax', async () => {
    const ofSeries = await unpacked(store, 'studies/1.2.3/series/1.2.3.1', 'application/zip; transfer-syntax=*')
    const syntaxes = filesIn(ofSeries).map((path) => parseP10(readFileSync(path)).transferSyntaxUID)
    assert.deepEqual(syntaxes, [`${UID}.4.202`, `${UID}.4.202`])
    assert.ok(existsSync(join(ofSeries, 'DICOMDIR')))
  })

  test('is named by its UID, also for a link without headers', async () => {
    const response = await store.get('studies/1.2.3?accept=application/zip', { accept: 'text/html,*/*;q=0.8' })
    await response.arrayBuffer()
    assert.deepEqual(
      ['content-type', 'content-disposition'].map((name) => response.headers.get(name)),
      ['application/zip', 'attachment; filename="1.2.3.zip"'],
    )
  })

  test('has a DICOMDIR with a record for the patient, the study, each series and each instance, of its type', {
    skip: lacks(['dcmdump', 'dcmtk']),
  }, () => {
    const dump = execFileSync('dcmdump', ['-q', '+U8', directory], { encoding: 'utf8' })
    const types = [...dump.matchAll(/\(0004,1430\) CS \[(.*?)\]/g)].map(([, type]) => type)
    assert.deepEqual(types.slice(0, 3), ['PATIENT', 'STUDY', 'SERIES'])
    const expected = ['PATIENT', 'STUDY', ...Array(2 + OTHERS.length).fill('SERIES'), ...Array(3).fill('IMAGE')]
    assert.deepEqual(types.toSorted(), [...expected, ...OTHERS.map(([, type]) => type)].sort())
    assert.ok(dump.includes('[Yamada^Tarou=山田^太郎]'))
    assert.ok(dump.includes('HAS CONCEPT MOD') && !dump.includes('of the document only'))
    for (const [, id = ''] of dump.matchAll(/\(0004,1500\) CS \[(.*?)\]/g)) {
      assert.ok(existsSync(join(folder, ...id.split('\\'))), id)
    }
  })

  test('has a DICOMDIR whose offsets reach every record: dcmdump follows them to every file', {
    skip: lacks(['dcmdump', 'dcmtk']),
  }, () => {
    // Reads the directory by its offsets, and warns of each that leads nowhere.
    const { stdout, stderr } = spawnSync('dcmdump', ['+fo', directory], { encoding: 'utf8' })
    assert.equal(stderr, '')
    assert.ok(stdout.includes('DirectoryRecordSequence'))
    const bytes = readFileSync(directory)
    assert.deepEqual(offsetsOf(bytes).toSorted(), itemsOf(bytes).toSorted())
  })

  test('has a DICOMDIR to which dcmmkdir adds an image of the same series', {
    skip: lacks(['dcmmkdir', 'dcmtk']),
  }, async () => {
    const series = await unpacked(store, 'studies/1.2.3/series/1.2.3.1')
    writeFileSync(join(series, 'DICOM', 'NEW'), imageOf(1, 3))
    const typesIn = () => {
      const dump = execFileSync('dcmdump', ['-q', join(series, 'DICOMDIR')], { encoding: 'utf8' })
      return [...dump.matchAll(/\(0004,1430\) CS \[(.*?)\]/g)].map(([, type]) => type)
    }
    assert.deepEqual(typesIn(), ['PATIENT', 'STUDY', 'SERIES', 'IMAGE', 'IMAGE'])
    execFileSync('dcmmkdir', ['+A', 'DICOM/NEW'], { cwd: series })
    assert.deepEqual(typesIn(), ['PATIENT', 'STUDY', 'SERIES', 'IMAGE', 'IMAGE', 'IMAGE'])
  })

  test('has a DICOMDIR that dciodvfy accepts', { skip: lacks(['dciodvfy', 'dicom3tools']) }, () => {
    const { stderr } = spawnSync('dciodvfy', [directory], { encoding: 'utf8' })
    assert.deepEqual(
      stderr.split('\n').filter((line) => line.startsWith('Error')),
      [],
    )
  })
})

/** Of all records, by following the directory from its root. */
function offsetsOf(bytes: Buffer): readonly number[] {
  const root = Buffer.from([0x04, 0x00, 0x00, 0x12, 0x55, 0x4c, 0x04, 0x00])
  const found: number[] = []
  const follow = (offset: number): void => {
    for (let at = offset; at !== 0; at = bytes.readUInt32LE(at + 16)) {
      found.push(at)
      follow(bytes.readUInt32LE(at + 38))
    }
  }
  follow(bytes.readUInt32LE(bytes.indexOf(root) + 8))
  return found
}

/** Of the items of DirectoryRecordSequence, by their lengths. */
function itemsOf(bytes: Buffer): readonly number[] {
  const sequence = bytes.indexOf(Buffer.from([0x04, 0x00, 0x20, 0x12, 0x53, 0x51]))
  const found: number[] = []
  for (let at = sequence + 12; at < bytes.length; at += 8 + bytes.readUInt32LE(at + 4)) found.push(at)
  return found
}

test('an instance that turns out to be undecodable breaks the archive off, so that no program takes it for whole', {
  skip: lacks(['unzip', 'unzip']),
}, async () => {
  const store = await dicomweb.open()
  const broken = encodeP10({
    transferSyntaxUID: `${UID}.4.50`,
    attributes: {
      ...{ ...attributesOf(pixel), ...STUDY, SeriesInstanceUID: '1.2.3.1', SeriesNumber: '1', Modality: 'CT' },
      SOPInstanceUID: '1.2.3.1.9',
    },
    pixelData: { frames: [Buffer.from('no JPEG'), Buffer.from('at all')] },
  })
  await store.bringIn(...Array.from({ length: 8 }, (_, at) => imageOf(1, at + 1)), broken)
  const response = await store.get('studies/1.2.3', { accept: `application/zip; transfer-syntax=${UID}.1` })
  assert.equal(response.status, 200)
  const received: Uint8Array[] = []
  await assert.rejects(async () => {
    for await (const chunk of response.body!) received.push(chunk)
  })
  const zip = join(temporaryFolder({ after: () => {} }), 'archive.zip')
  writeFileSync(zip, Buffer.concat(received))
  assert.ok(received.length > 0)
  assert.notEqual(spawnSync('unzip', ['-tq', zip]).status, 0)
})

test('a study with more instances than an archive may have is refused with a way out', async () => {
  const small = await startDicomweb({ limits: { filesPerZip: 2 } })
  after(() => small.stop())
  const store = await small.open()
  await store.bringIn(imageOf(1, 1), imageOf(1, 2), imageOf(2, 1))
  const refused = await store.get('studies/1.2.3', { accept: 'application/zip' })
  assert.deepEqual([refused.status, /one by one/.test(await refused.text())], [413, true])
  assert.equal((await store.get('studies/1.2.3/series/1.2.3.1', { accept: 'application/zip' })).status, 200)
})
