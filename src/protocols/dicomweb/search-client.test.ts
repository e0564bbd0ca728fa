/** npm's dicomweb-client, the client of OHIF, searches with a bearer token. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as dicomweb from 'dicomweb-client'
import { demoInstances } from '../../demo/instances.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { startProvider } from '../../security/authorizers/authorizers.fixture.ts'
import { checkDicomJson } from './dicom-json-model.fixture.ts'
import { type JsonAttribute, startDicomweb } from './dicomweb.fixture.ts'
import { FetchedRequest } from './xml-http-request.fixture.ts'

const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:login'
const POLICIES = [{ claim: 'groups', value: 'radiology', policy: 'AWSHealthImagingFullAccess' }]

type Result = Readonly<Record<string, JsonAttribute>>
interface Query {
  readonly studyInstanceUID?: string
  readonly seriesInstanceUID?: string
  readonly queryParams?: Readonly<Record<string, string | number | boolean>>
}
/** Its own types require every option. */
interface Searching {
  searchForStudies(query?: Query): Promise<readonly Result[]>
  searchForSeries(query?: Query): Promise<readonly Result[]>
  searchForInstances(query?: Query): Promise<readonly Result[]>
}

test('dicomweb-client finds what was imported, at every level', async (t) => {
  Object.assign(globalThis, { XMLHttpRequest: FetchedRequest })
  const provider = await startProvider(t, { now: Date.now() })
  const authorizers = {
    [LAMBDA]: { issuer: provider.issuer, audience: ['hilum'], principalClaim: 'sub', policies: POLICIES },
  }
  const hilum = await startDicomweb({ authorizers })
  t.after(() => hilum.stop())
  const store = await hilum.open({ lambdaAuthorizerArn: LAMBDA })
  const files: Uint8Array[] = []
  for await (const { bytes } of demoInstances({ seed: 1, today: '20260401' })) if (files.push(bytes) === 80) break
  await store.bringIn(...files)
  const imported = files.map((file) => {
    const { dataSet } = parseP10(file)
    const [study, series, sop] = ['0020000D', '0020000E', '00080018'].map((tag) => dataSet.string(tag)!)
    return { study: study!, series: series!, sop: sop!, number: Number(dataSet.string('00200013')) }
  })

  const url = `${hilum.hilum.endpoint}/datastore/${store.datastoreId}`
  const { DICOMwebClient } = dicomweb.api as unknown as { DICOMwebClient: new (options: object) => Searching }
  const headers = { Authorization: `Bearer ${await provider.token()}` }
  const client = new DICOMwebClient({ url, headers, verbose: false })
  const valuesOf = (results: readonly Result[], tag: string) => results.map((result) => result[tag]!.Value![0])

  // As OHIF asks for its work list.
  const studies = await client.searchForStudies({
    queryParams: { limit: 101, offset: 0, fuzzymatching: false, includefield: '00081030,00080060' },
  })
  checkDicomJson(studies)
  assert.deepEqual(valuesOf(studies, '0020000D').sort(), [...new Set(imported.map(({ study }) => study))].sort())
  for (const study of studies) {
    const studyInstanceUID = study['0020000D']!.Value![0] as string
    const ofStudy = imported.filter((each) => each.study === studyInstanceUID)
    assert.equal(study['00201208']!.Value![0], ofStudy.length)
    const series = await client.searchForSeries({ studyInstanceUID })
    checkDicomJson(series)
    assert.deepEqual(valuesOf(series, '0020000E').sort(), [...new Set(ofStudy.map((each) => each.series))].sort())
    for (const seriesInstanceUID of valuesOf(series, '0020000E') as string[]) {
      const instances = await client.searchForInstances({ studyInstanceUID, seriesInstanceUID })
      checkDicomJson(instances)
      const ofSeries = ofStudy.filter((each) => each.series === seriesInstanceUID).sort((a, b) => a.number - b.number)
      assert.deepEqual(
        valuesOf(instances, '00080018'),
        ofSeries.map(({ sop }) => sop),
      )
      assert.deepEqual(
        valuesOf(instances, '00200013'),
        ofSeries.map(({ number }) => number),
      )
    }
  }
  const name = (studies[0]!['00100010']!.Value![0] as { Alphabetic: string }).Alphabetic
  const [family] = name.split('^')
  const named = await client.searchForStudies({ queryParams: { PatientName: `${family!.toLowerCase()}*`, limit: 25 } })
  assert.ok(valuesOf(named, '0020000D').includes(studies[0]!['0020000D']!.Value![0]))
  assert.deepEqual(await client.searchForStudies({ queryParams: { PatientID: 'nobody' } }), [])
  await assert.rejects(
    client.searchForStudies({ queryParams: { StudyDate: 'never' } }),
    (error: { status?: number }) => error.status === 400,
  )
})
