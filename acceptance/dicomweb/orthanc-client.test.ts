/** Orthanc's DICOMweb plug-in as a client: it searches, retrieves and stores, and both have the same attributes and pixels. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { openDemoTokens } from '../../src/cli/demo/ohif/demo-tokens.ts'
import { parseP10 } from '../../src/dicom/parse.ts'
import { activeDatastore } from '../support/datastores.ts'
import { ExplicitVRLittleEndian, instance } from '../support/fixtures.ts'
import { attributesOf, draw, nativeFrames, pixelOf } from '../support/frames.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { openOrthanc, orthancIsMissing } from '../support/orthanc.ts'
import { getFrom } from '../support/retrieval.ts'
import { recorded } from '../support/sources.ts'

const STORAGE = '1.2.840.10008.5.1.4.1.1'
const SLICES = 3
const [HERE, THERE] = ['2.25.71', '2.25.72']
const pixel = pixelOf({ bitsStored: 12, isSigned: true })
const echo = pixelOf({ bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3, numberOfFrames: 4 })

/** A CT of three slices, and a multi-frame ultrasound in colour. */
function filesOf(study: string): readonly Uint8Array[] {
  const patient = { StudyInstanceUID: study, PatientID: `P-${study}`, PatientName: 'Müller^Käthe' }
  const slices = Array.from({ length: SLICES }, (_, index) =>
    instance(
      {
        ...{
          ...attributesOf(pixel),
          ...patient,
          SpecificCharacterSet: 'ISO_IR 100',
          Modality: 'CT',
          SOPClassUID: `${STORAGE}.2`,
        },
        ...{ SeriesInstanceUID: `${study}.1`, SOPInstanceUID: `${study}.1.${index}`, InstanceNumber: index + 1 },
      },
      { transferSyntaxUID: ExplicitVRLittleEndian, pixelData: { frames: [draw(pixel, index + 1)] } },
    ),
  )
  const frames = Array.from({ length: echo.numberOfFrames }, (_, index) => draw(echo, index + 10))
  const clip = instance(
    {
      ...{
        ...attributesOf(echo),
        ...patient,
        SpecificCharacterSet: 'ISO_IR 192',
        Modality: 'US',
        SOPClassUID: `${STORAGE}.3.1`,
      },
      ...{ SeriesInstanceUID: `${study}.2`, SOPInstanceUID: `${study}.2.0` },
    },
    { transferSyntaxUID: ExplicitVRLittleEndian, pixelData: { frames } },
  )
  return [...slices, clip]
}

const uidOf = (file: Uint8Array) => parseP10(file).dataSet.string('00080018')!
const framesOf = (file: Uint8Array) =>
  Buffer.concat(nativeFrames(file, Number(parseP10(file).dataSet.string('00280008') ?? 1)))

/** The files of both sides have the same values of these attributes, and the same pixels. */
const COMPARED = '0020000D 0020000E 00080016 00080018 00100020 00080060 00200013 00280010 00280011 00280101'.split(' ')
function assertSame(actual: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  assert.deepEqual(actual.map(uidOf).sort(), expected.map(uidOf).sort())
  for (const file of actual) {
    const original = expected.find((each) => uidOf(each) === uidOf(file))!
    const [found, wanted] = [parseP10(file), parseP10(original)]
    assert.equal(found.transferSyntaxUID, ExplicitVRLittleEndian)
    for (const tag of COMPARED) assert.equal(found.dataSet.string(tag), wanted.dataSet.string(tag), tag)
    assert.equal(found.dataSet.string('00100010')?.normalize(), 'Müller^Käthe')
    assert.ok(framesOf(file).equals(framesOf(original)), uidOf(file))
  }
}

describe('Orthanc', { ...recorded, ...(orthancIsMissing !== undefined && { skip: orthancIsMissing }) }, async () => {
  if (orthancIsMissing !== undefined) return
  const tokens = await openDemoTokens({ region: 'us-east-1', accountId: '000000000000' })
  after(() => tokens.stop())
  const server = await openHilum(tokens.settings)
  const datastoreId = await activeDatastore(server.sdk, { lambdaAuthorizerArn: tokens.authorizerArn })
  const path = `/datastore/${datastoreId}`
  const orthanc = await openOrthanc({ root: `${server.hilum.endpoint}${path}`, token: await tokens.newToken() })
  const get = getFrom(server.hilum)
  const here = filesOf(HERE)
  await importFiles(server, { datastoreId, files: Object.fromEntries(here.map((file, n) => [`${n}.dcm`, file])) })

  const qido = async (uri: string, query: object, keyword: string) => {
    const found = await orthanc.post('/dicom-web/servers/hilum/qido', { Uri: uri, Arguments: query })
    const values = (found as readonly Readonly<Record<string, { Name: string; Value?: unknown }>>[]).map(
      (result) => Object.values(result).find(({ Name }) => Name === keyword)?.Value,
    )
    return values.sort()
  }

  test('finds studies, series and instances', async () => {
    assert.deepEqual(await qido('/studies', { PatientName: 'müller*' }, 'StudyInstanceUID'), [HERE])
    assert.deepEqual(await qido('/studies', { PatientID: `P-${HERE}` }, 'NumberOfStudyRelatedInstances'), [SLICES + 1])
    assert.deepEqual(await qido('/studies', { PatientID: 'nobody' }, 'StudyInstanceUID'), [])
    assert.deepEqual(await qido(`/studies/${HERE}/series`, { Modality: 'US' }, 'SeriesInstanceUID'), [`${HERE}.2`])
    const slices = await qido(`/studies/${HERE}/series/${HERE}.1/instances`, {}, 'SOPInstanceUID')
    assert.deepEqual(slices, here.slice(0, SLICES).map(uidOf))
  })

  test('retrieves a study, as stored or as it can decode it', async () => {
    const retrieve = (headers: object) =>
      orthanc.post('/dicom-web/servers/hilum/retrieve', {
        ...{ Resources: [{ Study: HERE }], Synchronous: true, HttpHeaders: headers },
      }) as Promise<{ readonly ReceivedInstancesCount: string }>
    const files = async () => {
      const ids = (await orthanc.json('/instances')) as readonly string[]
      return Promise.all(ids.map((id) => orthanc.get(`/instances/${id}/file`)))
    }
    // By itself it asks for transfer-syntax=*, and keeps HTJ2K, which version 1.12 does not decode.
    assert.equal((await retrieve({})).ReceivedInstancesCount, String(SLICES + 1))
    for (const file of await files()) assert.equal(parseP10(file).transferSyntaxUID, '1.2.840.10008.1.2.4.202')
    for (const id of (await orthanc.json('/studies')) as readonly string[]) await orthanc.delete(`/studies/${id}`)

    const syntax = `multipart/related; type="application/dicom"; transfer-syntax=${ExplicitVRLittleEndian}`
    assert.equal((await retrieve({ Accept: syntax })).ReceivedInstancesCount, String(SLICES + 1))
    assertSame(await files(), here)
  })

  test('stores a study, which is found and retrieved at once', async () => {
    const there = filesOf(THERE)
    for (const file of there) await orthanc.post('/instances', file)
    const studies = await orthanc.post('/tools/find', { Level: 'Study', Query: { StudyInstanceUID: THERE } })
    await orthanc.post('/dicom-web/servers/hilum/stow', { Resources: studies, Synchronous: true })
    assert.deepEqual(await qido('/studies', { StudyInstanceUID: THERE }, 'NumberOfStudyRelatedInstances'), [SLICES + 1])
    const stored = await Promise.all(
      there.map(async (file) => {
        const series = parseP10(file).dataSet.string('0020000E')
        const instance = `${path}/studies/${THERE}/series/${series}/instances/${uidOf(file)}`
        return (await get(instance, 'application/dicom')).bytes
      }),
    )
    assertSame(stored, there)
  })
})
