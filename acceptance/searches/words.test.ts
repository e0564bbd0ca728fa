/** Hilum's extension of SearchImageSets for words: the header x-hilum-match (docs/extensions.md). */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { ImageSetsMetadataSummary, SearchImageSetsCommandInput } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { between, equal, patientsOf, searchWithHeaders, studyMoment } from '../support/search.ts'
import { choice } from '../support/sources.ts'

const server = await openHilum({})
const { sdk } = server
const datastoreId = await activeDatastore(sdk)

const PATIENTS: readonly (readonly [name: string, modality: string, description: string])[] = [
  ['Müller^Anna', 'CT', 'Thorax nativ'],
  ['MUELLER^Hans=山田^太郎', 'MR', 'Schädel'],
  ["O'Neil^Anna Maria", 'CT', 'CT Thorax KM'],
  ['Meier^Ingrid', 'CT', 'Abdomen'],
]

before(async () => {
  const files = PATIENTS.map(([PatientName, Modality, StudyDescription], n): [string, Uint8Array] => [
    `${n}.dcm`,
    instance({
      ...{ SpecificCharacterSet: 'ISO_IR 192', StudyInstanceUID: `2.25.${n}`, PatientID: `P${n}`, PatientName },
      ...{ Modality, StudyDescription, SeriesDescription: `series ${n}`, PatientBirthDate: `197${n}0131` },
      ...{ InstitutionName: 'General Hospital', SeriesNumber: n, StudyDate: `2024010${n + 1}` },
    }),
  ])
  await importFiles(server, { datastoreId, files: Object.fromEntries(files) })
})

async function ask(match: string, input: Partial<SearchImageSetsCommandInput> = {}) {
  const headers = { 'x-hilum-match': match, 'x-hilum-count': 'exact', 'x-hilum-explain': 'yes' }
  const { page, total, explanation } = await searchWithHeaders(sdk, { datastoreId, ...input }, headers)
  return { page, total: Number(total), explanation: explanation! }
}

const patientsIn = (found: readonly ImageSetsMetadataSummary[]) => patientsOf(found).sort()

async function finds(match: string, expected: readonly string[], input?: Partial<SearchImageSetsCommandInput>) {
  const { page, total } = await ask(match, input)
  assert.deepEqual(patientsIn(page.imageSetsMetadataSummaries!), expected, match)
  assert.equal(total, expected.length)
}

describe('a search by words', choice, () => {
  test('finds beginnings of words in any order, without case and accents, in every group of a name', async () => {
    await finds('PatientName=m%C3%BCl', ['P0', 'P1'])
    await finds('PatientName=ann+mueller', ['P0'])
    await finds(`PatientName=${encodeURIComponent('山')}`, ['P1'])
    await finds('PatientName=oneil%20mar', ['P2'])
    await finds('PatientName=uller', [])
  })

  test('combines attributes with each other and with criteria', async () => {
    await finds('Modality=ct', ['P0', 'P2', 'P3'])
    await finds('PatientName=ann&Modality=CT&StudyDescription=tho', ['P0', 'P2'])
    await finds('SeriesDescription=series+3', ['P3'])
    await finds('InstitutionName=hosp&PatientBirthDate=19710131', ['P1'])
    await finds('SeriesNumber=2', ['P2'])
    const lastDays = between(studyMoment('20240103'), studyMoment('20240131'))
    await finds('Modality=CT', ['P2', 'P3'], { searchCriteria: lastDays })
    await finds('Modality=CT', ['P0'], { searchCriteria: equal({ DICOMPatientId: 'P0' }) })
    await finds('Modality=MR', [], { searchCriteria: equal({ DICOMPatientId: 'P0' }) })
  })

  test('takes the wildcards of DICOM, which match whole words', async () => {
    await finds('PatientName=m?ller', ['P0'])
    await finds('PatientName=*ler', ['P0', 'P1'])
    await finds('PatientName=m*', ['P0', 'P1', 'P2', 'P3'])
    await finds('PatientName=m*r', ['P0', 'P1', 'P3'])
  })

  test('has pages, whose token is bound to the words', async () => {
    const first = await ask('Modality=CT', { maxResults: 2 })
    const nextToken = first.page.nextToken!
    const second = await ask('Modality=CT', { maxResults: 2, nextToken })
    const all = [...first.page.imageSetsMetadataSummaries!, ...second.page.imageSetsMetadataSummaries!]
    assert.deepEqual(patientsIn(all), ['P0', 'P2', 'P3'])
    await rejectsAs(ask('Modality=MR', { maxResults: 2, nextToken }), 'ValidationException')
    await rejectsAs(ask('Modality=C', { maxResults: 2, nextToken }), 'ValidationException')
  })

  test('is explained without its words', async () => {
    const { explanation } = await ask('PatientName=m%C3%BCller')
    assert.deepEqual(JSON.parse(explanation).words, { tokens: 0, postings: 0, compared: 4, imageSets: 2 })
    assert.doesNotMatch(explanation, /m(ü|u|ue)ller/i)
  })

  test('says what is wrong with its header', async () => {
    const wrong = [
      ['PatientName', /pair without an equals sign/],
      ['PatientName=%E4', /not percent-encoded UTF-8/],
      ['PatientID=1', /must be one of PatientName, Modality/],
      ['PatientName=%5E', /must have a letter or a digit/],
      ['SeriesNumber=first', /must be an integer/],
      ['PatientName=a+b+c+d+e+f+g+h+i', /at most 8 words/],
    ] as const
    for (const [match, message] of wrong) await rejectsAs(ask(match), 'ValidationException', message)
  })
})
