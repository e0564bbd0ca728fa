/** Searches by DICOMweb (QIDO-RS): what is found, in which order, and which attributes of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkDicomJson } from '../../src/protocols/dicomweb/dicom-json-model.fixture.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance, studies as studiesFrom } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { signedHeaders } from '../support/raw-request.ts'
import { choice, clause, documented } from '../support/sources.ts'

const server = await openHilum({ partitions: 2 })
const { hilum, sdk } = server
const datastoreId = await activeDatastore(sdk)
const ROOT = `/datastore/${datastoreId}`

type File = Parameters<typeof instance>[0]
const fileOf = (study: string, series: number, number: number, attributes: File): Uint8Array =>
  instance({
    ...{ StudyInstanceUID: study, SeriesInstanceUID: `${study}.${series}`, SeriesNumber: series },
    ...{ SOPInstanceUID: `${study}.${series}.${number}`, InstanceNumber: number, ...attributes },
  })

const CT: File = {
  ...{
    StudyDate: '20260331',
    StudyTime: '101530',
    AccessionNumber: 'A100',
    PatientName: 'Thomas^Albert',
    PatientID: 'P1',
  },
  ...{ StudyDescription: 'CT HEAD', ReferringPhysicianName: 'Grey^Meredith', PatientBirthDate: '19700101' },
  ...{ PatientBirthTime: '0730', PatientSex: 'M', StudyID: 'S1', Modality: 'CT', Rows: 4, Columns: 6 },
  ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.2', SeriesDescription: 'thorax' },
  ...{ PerformedProcedureStepStartDate: '20260331', PerformedProcedureStepStartTime: '1016' },
  ...{ '00190010': { vr: 'LO', value: 'MAKER 1.0' }, '00191001': { vr: 'LO', value: 'private' } },
  ReferringPhysicianIdentificationSequence: [{ InstitutionName: 'General', PersonTelephoneNumbers: '1' }],
}
const MR: File = {
  SpecificCharacterSet: 'ISO_IR 100',
  ...{
    StudyDate: '20260401',
    StudyTime: '080000',
    AccessionNumber: 'A200',
    PatientName: 'Müller^Anna',
    PatientID: 'P2',
  },
  ...{ StudyDescription: 'MR KNEE', PatientBirthDate: '19800101', StudyID: 'S2', Modality: 'MR' },
}
const files: Record<string, Uint8Array> = {
  '1.dcm': fileOf('2.25.10', 2, 10, CT),
  '2.dcm': fileOf('2.25.10', 2, 2, CT),
  // With a warning: the UID has a component of letters.
  '3.dcm': fileOf('2.25.10', 1, 1, {
    ...CT,
    Modality: 'SR',
    SOPInstanceUID: '2.25.10.1.x',
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11',
  }),
  '4.dcm': fileOf('2.25.20', 1, 1, MR),
}
await importFiles(server, { datastoreId, files })
// The last import, so that its study is the first one.
await importFiles(server, {
  datastoreId,
  files: {
    '5.dcm': fileOf('2.25.30', 1, 1, {
      ...MR,
      PatientID: 'P3',
      PatientName: 'Zander^Zoe',
      StudyDate: '',
      AccessionNumber: 'A300',
    }),
  },
})

interface Attribute {
  readonly vr: string
  readonly Value?: readonly unknown[]
}
type Result = Readonly<Record<string, Attribute>>

async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const [, whole = '', query = ''] = /^([^?]*)\??(.*)$/.exec(path)!
  const signed = await signedHeaders(hilum, { method: 'GET', path: `${ROOT}/${whole}`, query })
  return fetch(`${hilum.endpoint}${ROOT}/${path}`, { headers: { ...signed, ...headers } })
}

async function search(path: string): Promise<readonly Result[]> {
  const response = await get(path)
  const text = await response.text()
  assert.equal(response.status, 200, `${path}: ${text}`)
  assert.equal(response.headers.get('content-type'), 'application/dicom+json')
  const results = JSON.parse(text)
  checkDicomJson(results)
  return results
}

const firstValue = (result: Result | undefined, tag: string): unknown => result?.[tag]?.Value?.[0]
const valuesOf = (results: readonly Result[], tag: string) => results.map((result) => firstValue(result, tag))
const [STUDY, SERIES, SOP] = ['0020000D', '0020000E', '00080018'] as const
const studies = async (query: string) => valuesOf(await search(`studies?${query}`), STUDY)

async function refusalOf(path: string): Promise<string> {
  const response = await get(path)
  assert.equal(response.status, 400, path)
  assert.equal(response.headers.get('x-amzn-errortype'), 'ValidationException')
  return ((await response.json()) as { message: string }).message
}

describe('SearchDICOMStudies', () => {
  test('finds studies, the last updated first', documented, async () => {
    const [first, ...others] = await studies('')
    assert.equal(first, '2.25.30')
    assert.deepEqual(others.toSorted(), ['2.25.10', '2.25.20'])
  })

  for (const [query, found] of [
    ['StudyDate=20260331', ['2.25.10']],
    ['00080020=20260331-20260331', ['2.25.10']],
    ['StudyDate=20260101-20260331', ['2.25.10']],
    ['StudyDate=20260401-', ['2.25.20']],
    ['StudyTime=1015', ['2.25.10']],
    ['AccessionNumber=A200', ['2.25.20']],
    ['ModalitiesInStudy=SR', ['2.25.10']],
    ['ModalitiesInStudy=SR%5CMR&PatientID=P1', ['2.25.10']],
    ['ReferringPhysicianName=grey^meredith', ['2.25.10']],
    ['StudyDescription=CT*', ['2.25.10']],
    ['PatientName=muller^anna', ['2.25.20']],
    ['PatientID=P?&AccessionNumber=*100', ['2.25.10']],
    ['PatientBirthDate=1970', ['2.25.10']],
    ['PatientBirthTime=07', ['2.25.10']],
    ['StudyInstanceUID=2.25.10,2.25.99', ['2.25.10']],
    ['StudyID=S1', ['2.25.10']],
    ['PatientName=Thomas*', ['2.25.10']],
    ['PatientName=*omas*', ['2.25.10']],
    ['PatientName=thomas&fuzzymatching=true', ['2.25.10']],
    ['PatientName=Albert&fuzzymatching=true', ['2.25.10']],
    ['PatientName=Thomas%20Albert&fuzzymatching=true', ['2.25.10']],
    ['PatientName=hom&fuzzymatching=true', []],
    ['PatientName=ber&fuzzymatching=true', []],
  ] as const) {
    test(`matches ${query}`, documented, async () => assert.deepEqual(await studies(query), found))
  }

  test('returns the attributes of PS3.18, with the totals of the study', clause('10.6.3'), async () => {
    const [study] = await search('studies?PatientID=P1')
    assert.deepEqual(Object.keys(study!).sort(), [
      ...['00080005', '00080020', '00080030', '00080050', '00080056', '00080061', '00080090', '00081030', '00081190'],
      ...['00100010', '00100020', '00100030', '00100040', '0020000D', '00200010', '00201206', '00201208'],
    ])
    assert.deepEqual(study!['00080061'], { vr: 'CS', Value: ['CT', 'SR'] })
    assert.deepEqual([firstValue(study, '00201206'), firstValue(study, '00201208')], [2, 3])
    assert.equal(firstValue(study, '00080056'), 'ONLINE')
    assert.equal(firstValue(study, '00081190'), `${hilum.endpoint}${ROOT}/studies/2.25.10`)
  })

  test('answers with an empty array where nothing matches', choice, async () => {
    const response = await get('studies?PatientID=nobody')
    assert.deepEqual([response.status, response.headers.get('x-total-count')], [200, '0'])
    assert.equal((await response.text()).trim(), '[]')
  })

  test('orders by any of its attributes, several and descending, those without a value last', choice, async () => {
    assert.deepEqual(await studies('orderby=StudyDate'), ['2.25.10', '2.25.20', '2.25.30'])
    assert.deepEqual(await studies('orderby=-StudyDate,PatientName'), ['2.25.20', '2.25.10', '2.25.30'])
    assert.deepEqual(await studies('orderby=-PatientName'), ['2.25.30', '2.25.10', '2.25.20'])
  })

  test('refuses other attributes, and values that are none, without repeating them', choice, async () => {
    assert.match(await refusalOf('studies?Modality=CT'), /^Modality is no attribute of this search/)
    assert.doesNotMatch(await refusalOf('studies?StudyDate=yesterday'), /yesterday/)
    assert.match(await refusalOf('studies?limit=x'), /limit is a whole number/)
    assert.match(await refusalOf('studies?offset=1000001'), /at most 1000000/)
  })
})

describe('SearchDICOMSeries', () => {
  test('finds the series of a study in the order of SeriesNumber', documented, async () => {
    const series = await search('studies/2.25.10/series')
    assert.deepEqual(valuesOf(series, SERIES), ['2.25.10.1', '2.25.10.2'])
    assert.deepEqual(Object.keys(series[1]!).sort(), [
      ...['00080005', '00080056', '00080060', '0008103E', '00081190', STUDY, SERIES, '00200011', '00201209'],
      ...['00400244', '00400245'],
    ])
    assert.deepEqual([firstValue(series[1], '00201209'), firstValue(series[1], '00200011')], [2, 2])
    assert.equal(firstValue(series[1], '00081190'), `${hilum.endpoint}${ROOT}/studies/2.25.10/series/2.25.10.2`)
  })

  for (const [query, found] of [
    ['studies/2.25.10/series?Modality=CT', ['2.25.10.2']],
    ['studies/2.25.10/series?SeriesInstanceUID=2.25.10.1', ['2.25.10.1']],
    ['studies/2.25.99/series', []],
    ['series?PatientName=m*&Modality=MR', ['2.25.20.1']],
    ['series?SeriesNumber=2', ['2.25.10.2']],
    ['series?ModalitiesInStudy=SR&Modality=CT', ['2.25.10.2']],
    ['series?StudyDate=20260331&orderby=-SeriesNumber', ['2.25.10.2', '2.25.10.1']],
    ['series?PerformedProcedureStepStartDate=20260331&Modality=CT', ['2.25.10.2']],
    ['series?PerformedProcedureStepStartTime=10-11&Modality=CT', ['2.25.10.2']],
    ['series?PerformedProcedureStepStartTime=11-', []],
    ['series?PatientBirthTime=0730&Modality=SR', ['2.25.10.1']],
  ] as const) {
    test(`matches ${query}`, documented, async () => assert.deepEqual(valuesOf(await search(query), SERIES), found))
  }

  test('across studies returns the attributes of the study too', choice, async () => {
    const [series] = await search('series?SeriesInstanceUID=2.25.10.2')
    assert.deepEqual([firstValue(series, '00100020'), firstValue(series, '00201208')], ['P1', 3])
    assert.deepEqual(series!['00080061']!.Value, ['CT', 'SR'])
  })
})

describe('SearchDICOMInstances', () => {
  test('finds the instances of a series in the order of InstanceNumber', documented, async () => {
    const instances = await search('studies/2.25.10/series/2.25.10.2/instances')
    assert.deepEqual(valuesOf(instances, SOP), ['2.25.10.2.2', '2.25.10.2.10'])
    const [first] = instances
    assert.deepEqual(Object.keys(first!).sort(), [
      ...['00080005', '00080016', SOP, '00080056', '00081190', STUDY, SERIES, '00200013', '00280010', '00280011'],
    ])
    assert.equal(
      firstValue(first, '00081190'),
      `${hilum.endpoint}${ROOT}/studies/2.25.10/series/2.25.10.2/instances/2.25.10.2.2`,
    )
  })

  for (const [query, found] of [
    ['studies/2.25.10/series/2.25.10.2/instances?SOPInstanceUID=2.25.10.2.10', ['2.25.10.2.10']],
    ['studies/2.25.10/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.88.11', ['2.25.10.1.x']],
    ['studies/2.25.10/instances?WarningReason=*', ['2.25.10.1.x']],
    ['studies/2.25.10/instances?WarningReason=B201', ['2.25.10.1.x']],
    ['studies/2.25.10/instances?00081196=45569', ['2.25.10.1.x']],
    ['studies/2.25.10/instances?Modality=CT&orderby=-InstanceNumber', ['2.25.10.2.10', '2.25.10.2.2']],
    ['instances?SOPInstanceUID=2.25.20.1.1', ['2.25.20.1.1']],
    ['instances?PatientID=P1&InstanceNumber=10', ['2.25.10.2.10']],
    ['instances?StudyDate=20260401', ['2.25.20.1.1']],
  ] as const) {
    test(`matches ${query}`, documented, async () => assert.deepEqual(valuesOf(await search(query), SOP), found))
  }

  test('across the data store are in the order of InstanceNumber', documented, async () => {
    assert.deepEqual(valuesOf(await search('instances'), '00200013'), [1, 1, 1, 2, 10])
  })

  test('of a study are in the order of their last update, the newest first', documented, async () => {
    const store = await activeDatastore(sdk)
    const path = `/datastore/${store}/studies/2.25.10/instances`
    for (const number of [1, 2]) {
      await importFiles(server, { datastoreId: store, files: { [`${number}.dcm`]: fileOf('2.25.10', 1, number, CT) } })
    }
    const headers = await signedHeaders(hilum, { method: 'GET', path })
    const found = (await (await fetch(`${hilum.endpoint}${path}`, { headers })).json()) as Result[]
    assert.deepEqual(valuesOf(found, '00200013'), [2, 1])
  })
})

describe('includefield', () => {
  const only = async (path: string) => (await search(path))[0]!

  test('adds attributes by keyword and tag; unknown and missing ones are left out', documented, async () => {
    const study = await only('studies?PatientID=P1&includefield=ReferringPhysicianIdentificationSequence,Foo,00101010')
    assert.equal(study['00080096']!.vr, 'SQ')
    assert.ok(!('00101010' in study))
  })

  test('follows paths into sequences', documented, async () => {
    const study = await only('studies?PatientID=P1&includefield=00080096.00080080')
    assert.deepEqual(study['00080096'], { vr: 'SQ', Value: [{ '00080080': { vr: 'LO', Value: ['General'] } }] })
  })

  test('adds a private attribute if its creator is named, and the creator', documented, async () => {
    const at = 'studies/2.25.10/series/2.25.10.2/instances?limit=1&includefield=00191001'
    assert.ok(!('00191001' in (await only(at))))
    assert.ok(!('00191001' in (await only(`${at}&00190010=OTHER`))))
    const found = await only(`${at}&00190010=MAKER%201.0`)
    assert.deepEqual(found['00191001'], { vr: 'LO', Value: ['private'] })
    assert.deepEqual(found['00190010'], { vr: 'LO', Value: ['MAKER 1.0'] })
  })

  test('returns only the creator where only the creator is named', documented, async () => {
    const path = 'studies/2.25.10/series/2.25.10.2/instances?limit=1&includefield=00190010&00190010=MAKER%201.0'
    const found = await only(path)
    assert.deepEqual([firstValue(found, '00190010'), '00191001' in found], ['MAKER 1.0', false])
  })

  test('all returns what the level has: of an instance every attribute', documented, async () => {
    const study = await only('studies?PatientID=P1&includefield=all')
    assert.deepEqual(study['00080062']!.Value, ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.88.11'])
    assert.equal(firstValue(study, '00100032'), '0730')
    assert.ok(!('00280010' in study))
    const series = await only('studies/2.25.10/series?Modality=CT&includefield=all')
    assert.deepEqual([firstValue(series, '00100020'), firstValue(series, '00201206')], ['P1', 2])
    const found = await only('studies/2.25.10/series/2.25.10.2/instances?includefield=all,PatientID')
    for (const tag of ['00080096', '00100010', '00190010', '00191001', '00280010', '00400244'])
      assert.ok(tag in found, tag)
  })

  test('names at most 50 attributes', documented, async () => {
    const names = Array(51).fill('PatientID').join(',')
    assert.match(await refusalOf(`studies?includefield=${names}`), /at most 50/)
  })

  test('an attribute that is matched is returned, also where any value matches', choice, async () => {
    assert.equal(firstValue(await only('studies?PatientID=P1&PatientBirthTime='), '00100032'), '0730')
  })
})

describe('pages', () => {
  test('have limit results from offset on, and a link to the next', documented, async () => {
    assert.deepEqual(await studies('orderby=StudyDate&limit=1&offset=1'), ['2.25.20'])
    const found: unknown[] = []
    let next: string | undefined = 'studies?limit=1&orderby=PatientName&includefield=PatientBirthTime'
    while (next !== undefined) {
      const response: Response = await get(next)
      assert.equal(response.headers.get('x-total-count'), '3')
      found.push(...valuesOf((await response.json()) as Result[], STUDY))
      const link: string | null = response.headers.get('link')
      const [, url] = /^<(.*)>; rel="next"$/.exec(link ?? '') ?? []
      assert.ok(url === undefined || url.includes('includefield=PatientBirthTime'))
      next = url?.slice(`${hilum.endpoint}${ROOT}/`.length)
    }
    assert.deepEqual(found, ['2.25.20', '2.25.10', '2.25.30'])
  })

  test('a token is of one search only', choice, async () => {
    const link = (await get('studies?limit=1&PatientID=P*')).headers.get('link')!
    const [, token] = /nextToken=([^>&]*)/.exec(link)!
    assert.equal((await get(`studies?limit=1&PatientID=P*&nextToken=${token}`)).status, 200)
    assert.match(await refusalOf(`studies?limit=1&PatientID=Q*&nextToken=${token}`), /token/)
    assert.match(await refusalOf(`series?limit=1&PatientID=P*&nextToken=${token}`), /token/)
  })

  test('limit=0 only counts', choice, async () => {
    const response = await get('instances?limit=0')
    assert.equal(response.headers.get('x-total-count'), '5')
    assert.deepEqual(await response.json(), [])
  })

  test('a limit above 1,000 is answered with 1,000 results, and a warning if there are more', choice, async () => {
    const store = await activeDatastore(sdk)
    await importFiles(server, { datastoreId: store, files: studiesFrom({ from: 1, count: 1_001 }) })
    const path = `/datastore/${store}/studies`
    const warningFor = async (query: string) => {
      const headers = await signedHeaders(hilum, { method: 'GET', path, query })
      const response = await fetch(`${hilum.endpoint}${path}?${query}`, { headers })
      assert.equal(((await response.json()) as Result[]).length, 1_000)
      return response.headers.get('warning')?.slice(0, 3)
    }
    assert.equal(await warningFor('limit=5000'), '299')
    assert.equal(await warningFor('limit=1000'), undefined)
    assert.equal(await warningFor('limit=5000&offset=1'), undefined)
  })
})

describe('a request', () => {
  test('accepts JSON, also by the query, and nothing else', choice, async () => {
    assert.equal((await get('studies', { accept: 'application/json' })).status, 200)
    assert.equal((await get('studies', { accept: 'application/dicom+xml' })).status, 406)
    assert.equal((await get('studies?accept=application/dicom%2Bjson', { accept: 'text/html' })).status, 200)
  })

  test('for a data store that does not exist is answered with 404', choice, async () => {
    const path = `/datastore/${'0'.repeat(32)}/studies`
    const headers = await signedHeaders(hilum, { method: 'GET', path })
    assert.equal((await fetch(`${hilum.endpoint}${path}`, { headers })).status, 404)
  })

  for (const path of [
    'studies',
    'studies/1.2/series',
    'studies/1.2/series/1.3/instances',
    'studies/1.2/series/1.3/metadata',
  ]) {
    test(`of a browser for ${path} is preceded by a preflight, which is allowed`, choice, async () => {
      const url = `${hilum.endpoint}${ROOT}/${path}`
      const requested = 'authorization,accept,range,x-amz-date,x-amz-content-sha256'
      const preflight = await fetch(url, {
        method: 'OPTIONS',
        headers: {
          ...{ origin: 'https://viewer.example', 'access-control-request-method': 'GET' },
          'access-control-request-headers': requested,
        },
      })
      assert.equal(preflight.status, 204)
      assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
      assert.equal(preflight.headers.get('access-control-allow-headers'), requested)
    })
  }

  test('of a browser can read the link and the total', choice, async () => {
    const response = await get('studies?limit=1', { origin: 'https://viewer.example' })
    const exposed = response.headers.get('access-control-expose-headers')!.split(', ')
    for (const name of ['Link', 'X-Total-Count', 'Warning']) assert.ok(exposed.includes(name), name)
  })
})
