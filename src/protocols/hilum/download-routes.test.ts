/** Downloads by one-time links: what is in their archives, that dcmtk reads its pixels, and who may follow a link. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { signedFetch } from '../../cli/client/signed-fetch.ts'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { attributesOf, draw, lacks, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { type DicomwebStore, pathOf, startDicomweb } from '../dicomweb/dicomweb.fixture.ts'

const dicomweb = await startDicomweb({ limits: { filesPerZip: 20, downloadItems: 3 } })
after(() => dicomweb.stop())

const pixel = pixelOf({ rows: 40, columns: 60, numberOfFrames: 2 })
const imageOf = (study: string, number: number, more: object = {}): Uint8Array =>
  encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    attributes: {
      ...{ ...attributesOf(pixel), PatientID: `P${study}`, Modality: 'CT', StudyInstanceUID: study },
      ...{ SeriesInstanceUID: `${study}.1`, SeriesNumber: '1', SOPInstanceUID: `${study}.1.${number}` },
      ...{ InstanceNumber: String(number), StudyDescription: 'first', ...more },
    },
    pixelData: { frames: [draw(pixel, number), draw(pixel, number + 100)] },
  })

interface Requested {
  readonly status: number
  readonly message?: string
  readonly path: string
  readonly fileName: string
  readonly instances: number
}

async function request(body: object, client = dicomweb.hilum.client): Promise<Requested> {
  const response = await signedFetch(client, { method: 'POST', path: '/hilum/downloads', body: JSON.stringify(body) })
  return { status: response.status, ...((await response.json()) as Omit<Requested, 'status'>) }
}

const follow = ({ path }: Pick<Requested, 'path'>, headers = {}): Promise<Response> =>
  fetch(new URL(path, dicomweb.hilum.client.endpoint), { headers })

/** The folder into which Info-ZIP unpacked a download of the items. */
async function unpacked(store: DicomwebStore, items: readonly object[], more: object = {}): Promise<string> {
  const requested = await request({ datastoreId: store.datastoreId, items, ...more })
  assert.equal(requested.status, 200, requested.message)
  const response = await follow(requested)
  assert.equal(response.headers.get('content-disposition'), `attachment; filename="${requested.fileName}"`)
  const folder = temporaryFolder({ after: () => {} })
  const zip = join(folder, 'archive.zip')
  writeFileSync(zip, new Uint8Array(await response.arrayBuffer()))
  execFileSync('unzip', ['-tq', zip])
  execFileSync('unzip', ['-q', zip, '-d', join(folder, 'files')])
  assert.equal(filesIn(join(folder, 'files')).length, requested.instances)
  return join(folder, 'files')
}

const filesIn = (folder: string): string[] =>
  readdirSync(join(folder, 'DICOM'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /IM\d+$/.test(path))
    .sort()

describe('a download', { skip: lacks(['unzip', 'unzip']) }, async () => {
  const store = await dicomweb.open()
  await store.bringIn(imageOf('1.2', 1), imageOf('1.2', 2), imageOf('1.3', 1))
  const study = (studyInstanceUID: string) => ({ studyInstanceUID })

  test('of several studies has a folder for each, and one DICOMDIR that leads to all files', {
    skip: lacks(['dcmdump', 'dcmtk']),
  }, async () => {
    const folder = await unpacked(store, [study('1.2'), study('1.3')])
    const files = filesIn(folder)
    assert.deepEqual(files, ['ST000001/SE000001/IM000001', 'ST000001/SE000001/IM000002', 'ST000002/SE000002/IM000001'])
    for (const name of files) {
      const file = readFileSync(join(folder, 'DICOM', name))
      assert.ok(file.equals(await store.bytes(pathOf(file), { accept: 'application/dicom' })))
    }
    // Reads the directory by its offsets, and warns of each that leads nowhere.
    const { stdout, stderr } = spawnSync('dcmdump', ['-q', '+fo', join(folder, 'DICOMDIR')], { encoding: 'utf8' })
    assert.equal(stderr, '')
    const types = [...stdout.matchAll(/\(0004,1430\) CS \[(.*?)\]/g)].map(([, type]) => type)
    const of = (images: number) => ['PATIENT', 'STUDY', 'SERIES', ...Array(images).fill('IMAGE')]
    assert.deepEqual(types, [...of(2), ...of(1)])
  })

  test('has the pixels that were imported, as dcmtk reads them', { skip: lacks(['dcmdump', 'dcmtk']) }, async () => {
    const folder = await unpacked(store, [{ ...study('1.2'), seriesInstanceUID: '1.2.1' }])
    const pixelsOf = (file: Uint8Array, name: string) => {
      const place = join(folder, name)
      mkdirSync(place)
      writeFileSync(join(place, 'file'), file)
      execFileSync('dcmdump', ['-q', '+W', place, join(place, 'file')])
      return readFileSync(join(place, readdirSync(place).find((each) => each.endsWith('.raw'))!))
    }
    for (const [at, name] of filesIn(folder).entries()) {
      const downloaded = pixelsOf(readFileSync(join(folder, 'DICOM', name)), `downloaded-${at}`)
      const number = Number(parseP10(readFileSync(join(folder, 'DICOM', name))).dataSet.string('00200013'))
      assert.ok(downloaded.length > 0 && downloaded.equals(pixelsOf(imageOf('1.2', number), `imported-${at}`)))
    }
  })

  test('as stored is HTJ2K', async () => {
    const folder = await unpacked(store, [study('1.3')], { transferSyntax: '*' })
    const [name] = filesIn(folder)
    const file = parseP10(readFileSync(join(folder, 'DICOM', name!)))
    assert.equal(file.transferSyntaxUID, '1.2.840.10008.1.2.4.202')
  })

  test('has what two of its items have once', async () => {
    const folder = await unpacked(store, [study('1.2'), { ...study('1.2'), seriesInstanceUID: '1.2.1' }])
    assert.equal(filesIn(folder).length, 2)
  })

  test('is named by what it has, or by the day', async () => {
    const { datastoreId } = store
    const names = await Promise.all(
      [[study('1.2')], [{ ...study('1.2'), seriesInstanceUID: '1.2.1' }], [study('1.2'), study('1.3')]].map(
        async (items) => (await request({ datastoreId, items })).fileName,
      ),
    )
    assert.deepEqual(names.slice(0, 2), ['1.2.zip', '1.2.1.zip'])
    assert.match(names[2]!, /^dicom-\d{4}-\d\d-\d\d\.zip$/)
  })

  test('that does not exist, is too much or is malformed is refused before there is a link', async () => {
    const { datastoreId } = store
    const many = await dicomweb.open()
    await many.bringIn(...Array.from({ length: 21 }, (_, at) => imageOf('1.4', at + 1)))
    const cases: [object, number, RegExp][] = [
      [{ datastoreId, items: [study('1.9')] }, 404, /has this study/],
      [{ datastoreId, items: [{ ...study('1.2'), imageSetId: '0'.repeat(32) }] }, 404, /does not exist/],
      [{ datastoreId: '0'.repeat(32), items: [study('1.2')] }, 404, /No data store/],
      [{ datastoreId: many.datastoreId, items: [study('1.4')] }, 413, /at most 20 instances/],
      [{ datastoreId, items: [] }, 400, /items must be a list/],
      [{ datastoreId, items: Array(4).fill(study('1.2')) }, 400, /at most 3 items/],
      [{ datastoreId, items: [{}] }, 400, /studyInstanceUID/],
      [{ datastoreId, items: [study('../x')] }, 400, /digits and dots/],
      [{ datastoreId, items: [{ ...study('1.2'), versionId: '1' }] }, 400, /only for an item with imageSetId/],
      [{ datastoreId, items: [study('1.2')], transferSyntax: '1.2' }, 400, /transferSyntax/],
      [{ datastoreId: 'x', items: [study('1.2')] }, 400, /datastoreId/],
    ]
    for (const [body, status, sentence] of cases) {
      const refused = await request(body)
      assert.deepEqual([refused.status, refused.path], [status, undefined], refused.message)
      assert.match(refused.message!, sentence)
    }
  })
})

test('a version of an image set is downloaded as it was, and an image set that is not primary too', {
  skip: lacks(['unzip', 'unzip']),
}, async () => {
  const store = await dicomweb.open()
  await store.bringIn(imageOf('1.5', 1))
  await store.bringIn(imageOf('1.5', 2, { PatientID: 'another' }))
  await store.update({ Study: { DICOM: { StudyDescription: 'second' } } })
  const [[primary], [other]] = [await store.imageSetIds(true), await store.imageSetIds(false)]
  const described = async (item: object) => {
    const folder = await unpacked(store, [{ studyInstanceUID: '1.5', ...item }])
    const { dataSet } = parseP10(readFileSync(join(folder, 'DICOM', filesIn(folder)[0]!)))
    return [dataSet.string('00100020'), dataSet.string('00081030')]
  }
  assert.deepEqual(await described({ imageSetId: primary }), ['P1.5', 'second'])
  assert.deepEqual(await described({ imageSetId: primary, versionId: '1' }), ['P1.5', 'first'])
  assert.deepEqual(await described({ imageSetId: other }), ['another', 'first'])
  const absent = { studyInstanceUID: '1.5', imageSetId: primary, versionId: '3' }
  const refused = await request({ datastoreId: store.datastoreId, items: [absent] })
  assert.deepEqual([refused.status, /in version 3/.test(refused.message!)], [404, true])
})

describe('a download link', async () => {
  const store = await dicomweb.open()
  await store.bringIn(imageOf('1.6', 1))
  const wanted = { datastoreId: store.datastoreId, items: [{ studyInstanceUID: '1.6' }] }

  test('works once, is kept by no cache, and no page of another origin can read it', async () => {
    const requested = await request(wanted)
    const first = await follow(requested, { origin: 'https://elsewhere.example' })
    await first.arrayBuffer()
    assert.deepEqual([first.status, first.headers.get('cache-control')], [200, 'no-store'])
    assert.equal(first.headers.get('access-control-allow-origin'), null)
    const second = await follow(requested)
    assert.equal(second.status, 403)
    assert.match(await second.text(), /already used/)
  })

  test('is worth nothing when its requester has lost the permission', async () => {
    const policy = (Action: string) =>
      JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] })
    const owner = dicomweb.hilum.client
    const created = await signedFetch(owner, {
      ...{ method: 'POST', path: '/hilum/principals' },
      body: JSON.stringify({
        principalName: 'mary',
        policies: [{ policyName: 'read', policyDocument: policy('medical-imaging:GetDICOMInstance') }],
      }),
    })
    const credentials = (await created.json()) as typeof owner.credentials
    const requested = await request(wanted, { ...owner, credentials })
    assert.equal(requested.status, 200, requested.message)
    const path = '/hilum/principals/mary/policies/read'
    await signedFetch(owner, { method: 'PUT', path, body: policy('medical-imaging:GetDatastore') })
    const refused = await follow(requested)
    assert.equal(refused.status, 403)
    assert.match(await refused.text(), /is not authorized to perform: medical-imaging:GetDICOMInstance/)
    assert.equal((await request(wanted, { ...owner, credentials })).status, 403)
  })
})
