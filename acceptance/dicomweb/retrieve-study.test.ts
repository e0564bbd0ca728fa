/** Retrieval of whole studies and series by DICOMweb: files, zip archives and metadata, which AWS has for instances and series only. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { ExplicitVRLittleEndian, instance } from '../support/fixtures.ts'
import { attributesOf, draw, pixelOf } from '../support/frames.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { getFrom, type Reply } from '../support/retrieval.ts'
import { choice, clause } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server
const get = getFrom(server.hilum)
const datastoreId = await activeDatastore(sdk)

const folder = mkdtempSync(join(tmpdir(), 'hilum-zip-'))
after(() => rmSync(folder, { recursive: true }))
const lacks = (program: string) => (spawnSync(program).error === undefined ? false : `${program} is not installed`)

const MULTIPART = 'multipart/related; type="application/dicom"'
const HTJ2K = '1.2.840.10008.1.2.4.202'
const pixel = pixelOf({ numberOfFrames: 2 })

/** One of series 1.2.3.<series>; another patient's is not primary. */
function image(series: number, number: number, patient = 'P1'): Uint8Array {
  const attributes = {
    ...{ ...attributesOf(pixel), PatientID: patient, SeriesInstanceUID: `1.2.3.${series}` },
    SOPInstanceUID: `1.2.3.${series}.${number}`,
  }
  const frames = [1, 2].map((seed) => draw(pixel, 10 * series + number + seed))
  return instance(attributes, { transferSyntaxUID: ExplicitVRLittleEndian, pixelData: { frames } })
}
const report = instance(
  { ...{ PatientID: 'P1', StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.9' }, SOPInstanceUID: '1.2.3.9.1' },
  { transferSyntaxUID: ExplicitVRLittleEndian },
)
const { manifest } = await importFiles(server, {
  datastoreId,
  files: {
    ...{ 'a.dcm': image(1, 1), 'b.dcm': image(1, 2), 'c.dcm': image(2, 1) },
    ...{ 'd.dcm': image(1, 3, 'P2'), 'e.dcm': report },
  },
})
const other = manifest.imageSetsSummary.find(({ isPrimary }) => !isPrimary)!.imageSetId

const STUDY = `/datastore/${datastoreId}/studies/1.2.3`

const typeOf = ({ headers }: Reply): string => headers.get('content-type')!.replace(/; boundary=.*/, '')

interface Part {
  readonly type: string
  readonly content: string
}

function partsOf({ bytes, headers }: Reply): readonly Part[] {
  const [, boundary] = /boundary=(\S+)$/.exec(headers.get('content-type')!) ?? []
  const texts = bytes.toString('latin1').split(`--${boundary}`).slice(1, -1)
  return texts.map((text) => {
    const at = text.indexOf('\r\n\r\n')
    const [, type = ''] = /Content-Type: (.*)/.exec(text.slice(0, at)) ?? []
    return { type: type.trim(), content: text.slice(at + 4, -2) }
  })
}

const alone = async (series: number, number: number, accept: string): Promise<string> =>
  (await get(`${STUDY}/series/1.2.3.${series}/instances/1.2.3.${series}.${number}`, accept)).bytes.toString('latin1')

const contentsOf = (reply: Reply): readonly string[] =>
  partsOf(reply)
    .map(({ content }) => content)
    .sort()

describe('a study or a series', () => {
  test('is sent as multipart/related with a part for each instance', clause('10.4.1.1.1 and 10.4.4'), async () => {
    const file = 'application/dicom'
    const ofStudy = [await alone(1, 1, file), await alone(1, 2, file), await alone(2, 1, file), await alone(9, 1, file)]
    for (const accept of ['*/*', MULTIPART]) {
      const reply = await get(STUDY, accept)
      assert.deepEqual([reply.status, typeOf(reply)], [200, MULTIPART])
      assert.deepEqual(contentsOf(reply), ofStudy.toSorted())
      assert.deepEqual(
        new Set(partsOf(reply).map(({ type }) => type)),
        new Set([`application/dicom; transfer-syntax=${ExplicitVRLittleEndian}`]),
      )
      const ofSeries = await get(`${STUDY}/series/1.2.3.1`, accept)
      assert.deepEqual(contentsOf(ofSeries), ofStudy.slice(0, 2).toSorted())
    }
  })

  test('is sent in the transfer syntax of Accept, each part with its own', clause('8.7.3.5'), async () => {
    const stored = await get(STUDY, `${MULTIPART}; transfer-syntax=*`)
    assert.deepEqual(
      partsOf(stored)
        .map(({ type }) => type.replace('application/dicom; transfer-syntax=', ''))
        .sort(),
      [ExplicitVRLittleEndian, HTJ2K, HTJ2K, HTJ2K],
    )
  })

  test(
    'that has instances in no accepted syntax is sent without them, with the status 206',
    clause('10.4.3.1'),
    async () => {
      const partial = await get(STUDY, `${MULTIPART}; transfer-syntax=${HTJ2K}`)
      assert.deepEqual([partial.status, partsOf(partial).length], [206, 3])
      assert.match(partial.headers.get('warning')!, /1 instance/)
    },
  )

  test('of which nothing is in an accepted syntax or type is a 406', clause('8.7.8.1 and 10.4.4'), async () => {
    const jpeg = `${MULTIPART}; transfer-syntax=1.2.840.10008.1.2.4.50`
    for (const accept of [jpeg, 'application/dicom', 'text/html']) {
      const { status, headers } = await get(STUDY, accept)
      assert.deepEqual([status, headers.get('x-amzn-errortype')], [406, 'NotAcceptableException'], accept)
    }
  })

  test('may be negotiated by the query parameter accept', clause('8.3.3.1'), async () => {
    const query = `accept=${encodeURIComponent(`${MULTIPART}; transfer-syntax=${HTJ2K}`)}`
    const reply = await get(`${STUDY}/series/1.2.3.1`, 'text/html', query)
    assert.deepEqual([reply.status, partsOf(reply).length], [200, 2])
  })

  test('has its primary image sets only, or the one that imageSetId names', choice, async () => {
    for (const path of [STUDY, `${STUDY}/series/1.2.3.1`]) {
      const reply = await get(path, MULTIPART, `imageSetId=${other}`)
      assert.equal(partsOf(reply).length, 1)
      assert.equal((await get(`${path}0`)).status, 404)
    }
    assert.equal((await get(`${STUDY}/series/1.2.3.2`, '*/*', `imageSetId=${other}`)).status, 404)
  })
})

describe('a zip archive of a study or a series', { skip: lacks('unzip') }, () => {
  /** The names of its files, and their bytes. */
  async function unpacked(path: string, accept: string, query = '') {
    const reply = await get(path, accept, query)
    assert.deepEqual([reply.status, typeOf(reply)], [200, 'application/zip'])
    const zip = join(folder, 'archive.zip')
    writeFileSync(zip, reply.bytes)
    execFileSync('unzip', ['-tq', zip])
    const names = execFileSync('unzip', ['-Z1', zip], { encoding: 'utf8' }).trim().split('\n')
    return { names, fileOf: (name: string) => execFileSync('unzip', ['-p', zip, name]).toString('latin1') }
  }

  test('has a file for each instance, and a DICOMDIR', clause('10.4.4 and PS3.10 8.6'), async () => {
    const { names, fileOf } = await unpacked(STUDY, 'application/zip')
    const inFolders = ['SE000001/IM000001', 'SE000001/IM000002', 'SE000002/IM000001', 'SE000003/IM000001']
    assert.deepEqual(names.toSorted(), [...inFolders.map((name) => `DICOM/${name}`), 'DICOMDIR'])
    const files = names.filter((name) => name !== 'DICOMDIR').map(fileOf)
    assert.deepEqual(files.sort(), contentsOf(await get(STUDY)))
    assert.match(fileOf('DICOMDIR'), /DICM.*PATIENT.*STUDY.*SERIES.*IMAGE.*DICOM\\SE000001\\IM000001/s)
  })

  test('is sent for a link with the query parameter accept', clause('8.3.3.1'), async () => {
    const ofSeries = await unpacked(`${STUDY}/series/1.2.3.2`, 'text/html', 'accept=application%2Fzip')
    assert.deepEqual(ofSeries.names, ['DICOM/SE000001/IM000001', 'DICOMDIR'])
  })

  test('has the files as they are stored for transfer-syntax=*', choice, async () => {
    const { names, fileOf } = await unpacked(`${STUDY}/series/1.2.3.1`, 'application/zip; transfer-syntax=*')
    const stored = contentsOf(await get(`${STUDY}/series/1.2.3.1`, `${MULTIPART}; transfer-syntax=*`))
    assert.deepEqual(names.slice(0, 2).map(fileOf).sort(), stored)
  })
})

test('the metadata of a study are those of its series in one array', clause('10.4.1.1.2'), async () => {
  const reply = await get(`${STUDY}/metadata`, 'application/dicom+json')
  assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/dicom+json'])
  const ofSeries = [1, 2, 9].map(async (series) =>
    JSON.parse((await get(`${STUDY}/series/1.2.3.${series}/metadata`)).bytes.toString()),
  )
  const asTexts = (objects: readonly object[]) => objects.map((object) => JSON.stringify(object)).sort()
  assert.deepEqual(asTexts(JSON.parse(reply.bytes.toString())), asTexts((await Promise.all(ofSeries)).flat()))
})
