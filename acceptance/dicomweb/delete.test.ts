/** Deletion of studies and series by DICOMweb: all their image sets or none, by the rules of DeleteImageSet. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { signedHeaders } from '../support/raw-request.ts'
import { search } from '../support/search.ts'
import { choice } from '../support/sources.ts'
import { until } from '../support/until.ts'

const server = await openHilum({ limits: { imageSetsPerDeletion: 3 } })
const { hilum, sdk } = server

const fileOf = (study: string, series: string, patient = 'P1'): Uint8Array =>
  instance({
    ...{ PatientID: patient, StudyInstanceUID: study, SeriesInstanceUID: series },
    SOPInstanceUID: `${series}.${patient.slice(1)}`,
  })

/** Study 1.2.3 has two series, the first of them also in an image set that is not primary; study 1.2.4 has one series. */
async function withStudies() {
  const datastoreId = await activeDatastore(sdk)
  await importFiles(server, {
    datastoreId,
    files: {
      ...{ 'a.dcm': fileOf('1.2.3', '1.2.3.1'), 'b.dcm': fileOf('1.2.3', '1.2.3.2') },
      ...{ 'c.dcm': fileOf('1.2.3', '1.2.3.1', 'P2'), 'd.dcm': fileOf('1.2.4', '1.2.4.1') },
    },
  })
  const request = async (method: string, path: string, query = '') => {
    const whole = `/datastore/${datastoreId}/${path}`
    const headers = await signedHeaders(hilum, { method, path: whole, query })
    const url = `${hilum.endpoint}${whole}${query === '' ? '' : `?${query}`}`
    const response = await fetch(url, { method, headers })
    const { status } = response
    return { status, type: response.headers.get('x-amzn-errortype'), text: await response.text() }
  }
  /** The series of the image sets that a search finds. */
  const found = async () =>
    (await search(sdk, { datastoreId })).map(({ DICOMTags }) => DICOMTags!.DICOMSeriesInstanceUID!).sort()
  const imageSetOf = async (series: string) =>
    (await search(sdk, { datastoreId })).find(({ DICOMTags }) => DICOMTags!.DICOMSeriesInstanceUID === series)!
      .imageSetId!
  return {
    datastoreId,
    remove: (path: string, query?: string) => request('DELETE', path, query),
    request,
    found,
    imageSetOf,
  }
}

const ALL = ['1.2.3.1', '1.2.3.1', '1.2.3.2', '1.2.4.1']

describe('a deletion', () => {
  test('of a study is answered with 204, and deletes its image sets, primary or not', choice, async () => {
    const { remove, request, found } = await withStudies()
    assert.deepEqual(await remove('studies/1.2.3'), { status: 204, type: null, text: '' })
    await until(async () => ((await found()).length === 1 ? true : undefined))
    assert.deepEqual(await found(), ['1.2.4.1'])
    for (const path of ['studies/1.2.3', 'studies/1.2.3/metadata']) {
      assert.equal((await request('GET', path)).status, 404)
    }
    assert.equal((await request('GET', 'studies/1.2.4')).status, 200)
  })

  test('of a series deletes the image sets of this series only', choice, async () => {
    const { remove, found } = await withStudies()
    assert.equal((await remove('studies/1.2.3/series/1.2.3.1')).status, 204)
    await until(async () => ((await found()).length === 2 ? true : undefined))
    assert.deepEqual(await found(), ['1.2.3.2', '1.2.4.1'])
  })

  test('of what does not exist is a 404', choice, async () => {
    const { remove } = await withStudies()
    for (const path of ['studies/1.2.5', 'studies/1.2.4/series/1.2.3.1']) {
      const { status, type } = await remove(path)
      assert.deepEqual([status, type], [404, 'ResourceNotFoundException'])
    }
  })

  test('deletes nothing while one of the image sets is retained, and says why', choice, async () => {
    const { datastoreId, remove, found, imageSetOf } = await withStudies()
    const held = await imageSetOf('1.2.3.2')
    const resourceArn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}/imageset/${held}`
    await sdk.send(new TagResourceCommand({ resourceArn, tags: { 'hilum:legal-hold': 'on' } }))
    const { status, type, text } = await remove('studies/1.2.3')
    assert.deepEqual([status, type], [409, 'ConflictException'])
    assert.match(text, new RegExp(`${held}.*legal hold`))
    assert.deepEqual(await found(), ALL)
    await sdk.send(new UntagResourceCommand({ resourceArn, tagKeys: ['hilum:legal-hold'] }))
    assert.equal((await remove('studies/1.2.3')).status, 204)
  })

  test('of more image sets than one request may delete is refused with a way out', choice, async () => {
    const { datastoreId, remove, found } = await withStudies()
    const files = { 'e.dcm': fileOf('1.2.3', '1.2.3.3') }
    await importFiles(server, { datastoreId, files })
    const { status, text } = await remove('studies/1.2.3')
    assert.deepEqual([status, /more than 3 image sets.*series one by one/.test(text)], [400, true])
    assert.equal((await found()).length, 5)
  })

  test('does not take imageSetId', choice, async () => {
    const { remove, imageSetOf } = await withStudies()
    const imageSetId = await imageSetOf('1.2.3.2')
    assert.deepEqual((await remove('studies/1.2.3', `imageSetId=${imageSetId}`)).status, 400)
  })
})
