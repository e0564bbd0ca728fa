/** A catalog that is filled at random, and a model of its series and instances: what searches have to find, by imaging/dicomweb-search/match.ts. */
import fc from 'fast-check'
import { levelOfKeyword, vrOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { Criterion, Match, OrderKey } from '../../../imaging/dicomweb-search/criteria.ts'
import {
  compareCodePoints,
  compareInOrder,
  matches,
  orderedText,
  type ValuesOf,
} from '../../../imaging/dicomweb-search/match.ts'
import { importWarning } from '../../../imaging/import-warnings.ts'
import { textOfUnlisted } from '../../../imaging/search/described.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { AT, publishAll, record, storedFile } from '../../catalog/conformance/catalog.fixture.ts'
import type { Lease } from '../../catalog/import-job-repository.ts'

const MODALITIES = ['CT', 'MR', 'SR', 'CT']
const NAMES = ['Müller^Anna', 'MULLER^ANNA', 'Smith^John', undefined]
const DATES = ['20260101', '20260301', undefined]
const NUMBERS = ['3', '1', '10', undefined, '2']
const CLASSES = ['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.4']
const INSTANCE_NUMBERS = [2, 1, 10, undefined, 1]

interface FileWrite {
  readonly study: number
  readonly series: number
  readonly file: number
  readonly number: number
  readonly isWarned: boolean
}

export const fileWrite: fc.Arbitrary<FileWrite> = fc.record({
  ...{ study: fc.nat(7), series: fc.nat(3), file: fc.nat(4), number: fc.nat(4), isWarned: fc.boolean() },
})

interface ModelledInstance {
  readonly sop: string
  readonly classUID: string
  readonly number: number | undefined
  readonly isWarned: boolean
  readonly updatedAt: number
}

interface ModelledSeries {
  readonly study: string
  readonly series: string
  readonly texts: Readonly<Record<string, string | undefined>>
  readonly instances: Map<string, ModelledInstance>
}

interface FoundByModel {
  readonly name: string
  /** Those that are compared; undefined: without a value. */
  readonly keys: readonly (string | undefined)[]
  readonly place: readonly (number | string)[]
}

const pick = <T>(from: readonly T[], at: number): T => from[at % from.length]!

export class ModelledArchive {
  readonly catalog: Catalog
  readonly datastoreId: string
  readonly #lease: Lease
  /** In the order of their creation. */
  readonly #series = new Map<string, ModelledSeries>()
  #writes = 0
  #at = AT

  constructor(catalog: Catalog, datastoreId: string, lease: Lease) {
    this.catalog = catalog
    this.datastoreId = datastoreId
    this.#lease = lease
  }

  async apply({ study, series, file, number, isWarned }: FileWrite): Promise<void> {
    this.#writes += 1
    this.#at += 1
    const [studyUID, seriesUID] = [`1.2.${study}`, `1.2.${study}.${series}`]
    const classUID = pick(CLASSES, file)
    const texts = {
      ...{ StudyInstanceUID: studyUID, SeriesInstanceUID: seriesUID, StudyDate: pick(DATES, study) },
      ...{ PatientID: `P${study % 3}`, AccessionNumber: `A${study}`, PatientName: pick(NAMES, study + series) },
      ...{ Modality: pick(MODALITIES, study + series), SeriesNumber: pick(NUMBERS, series + study) },
      ...{ SeriesDescription: pick(['thorax', 'Thorax', undefined], series) },
    }
    const instanceNumber = pick(INSTANCE_NUMBERS, number)
    const sop = `${seriesUID}.${file}`
    const stored = storedFile(`k${String(this.#writes).padStart(6, '0')}`, {
      ...{
        study: studyUID,
        series: seriesUID,
        sop,
        patientId: texts.PatientID,
        accessionNumber: texts.AccessionNumber,
      },
      ...{ studyId: null, studyDate: texts.StudyDate ?? null, seriesNumber: texts.SeriesNumber ?? null },
      ...(instanceNumber !== undefined && { instanceNumber }),
      warnings: isWarned ? [importWarning('InvalidUIDFormat', 'a UID'), importWarning('Other', 'other')] : [],
    })
    const tags = {
      ...{ DICOMPatientId: texts.PatientID, DICOMPatientName: texts.PatientName, DICOMStudyInstanceUID: studyUID },
      ...{ DICOMAccessionNumber: texts.AccessionNumber, DICOMSeriesInstanceUID: seriesUID },
      ...{ DICOMSeriesModality: texts.Modality, DICOMStudyDate: texts.StudyDate },
      DICOMSeriesNumber: texts.SeriesNumber === undefined ? undefined : Number(texts.SeriesNumber),
    }
    const unlistedTexts = textOfUnlisted({ SeriesDescription: texts.SeriesDescription ?? null })
    await record(this.catalog, this.#lease, [
      { ...stored, sopClassUID: classUID, tags: JSON.stringify(tags), unlistedTexts },
    ])
    await publishAll(this.catalog, this.#lease, this.#at)
    const known = this.#series.get(seriesUID) ?? { study: studyUID, series: seriesUID, texts, instances: new Map() }
    this.#series.set(seriesUID, known)
    known.instances.set(sop, { sop, classUID, number: instanceNumber, isWarned, updatedAt: this.#at })
  }

  #valuesOf({ study, texts }: ModelledSeries): ValuesOf {
    const siblings = [...this.#series.values()].filter((each) => each.study === study)
    const modalities = [...new Set(siblings.map((each) => each.texts.Modality!))].sort()
    return (keyword) => {
      if (keyword === 'ModalitiesInStudy') return modalities
      return texts[keyword] === undefined ? [] : [texts[keyword]]
    }
  }

  series(criteria: readonly Criterion[], order: readonly OrderKey[]): readonly FoundByModel[] {
    return [...this.#series.values()].flatMap((each, created) => {
      const valuesOf = this.#valuesOf(each)
      if (!matches(criteria, { valuesOf, vrOf: vrOfKeyword })) return []
      return [{ name: `${each.series} ${each.instances.size}`, keys: keysOf(order, valuesOf), place: [created] }]
    })
  }

  instances(criteria: readonly Criterion[], order: readonly OrderKey[]): readonly FoundByModel[] {
    return [...this.#series.values()].flatMap((each, created) =>
      [...each.instances.values()].flatMap((instance) => {
        const ofSeries = this.#valuesOf(each)
        const own: Readonly<Record<string, readonly string[]>> = {
          SOPInstanceUID: [instance.sop],
          SOPClassUID: [instance.classUID],
          InstanceNumber: instance.number === undefined ? [] : [String(instance.number)],
          WarningReason: instance.isWarned ? ['45569', '49151'] : [],
          updatedAt: [String(instance.updatedAt)],
        }
        const valuesOf: ValuesOf = (keyword) => own[keyword] ?? ofSeries(keyword)
        if (!matches(criteria, { valuesOf, vrOf: vrOfKeyword })) return []
        const place = [created, instance.number ?? Number.MAX_SAFE_INTEGER, instance.sop]
        return [{ name: instance.sop, keys: keysOf(order, valuesOf), place }]
      }),
    )
  }
}

const vrOf = (keyword: string) => (keyword === 'updatedAt' ? 'IS' : vrOfKeyword(keyword))

const keysOf = (order: readonly OrderKey[], valuesOf: ValuesOf) =>
  order.map(({ keyword }) =>
    keyword === 'updatedAt' ? valuesOf(keyword)[0] : orderedText(vrOf(keyword), valuesOf(keyword)),
  )

/** With an empty order: as they are scanned. */
export function inOrder(found: readonly FoundByModel[], order: readonly OrderKey[]): readonly string[] {
  const compare = (a: FoundByModel, b: FoundByModel): number => {
    for (const [at, key] of order.entries()) {
      const by = compareInOrder(key, vrOf(key.keyword), [a.keys[at], b.keys[at]])
      if (by !== 0) return by
    }
    for (const [at, place] of a.place.entries()) {
      const other = b.place[at]!
      const by = typeof place === 'number' ? place - Number(other) : compareCodePoints(place, String(other))
      if (by !== 0) return by
    }
    return 0
  }
  return found.toSorted(compare).map(({ name }) => name)
}

const equal = (...values: readonly string[]) =>
  fc.subarray([...values], { minLength: 1 }).map((some): Match => ({ kind: 'equal', values: some }))
const pattern = (...patterns: readonly string[]) =>
  fc.constantFrom(...patterns).map((text): Match => ({ kind: 'pattern', pattern: text }))

const MATCHES: Readonly<Record<string, fc.Arbitrary<Match>>> = {
  StudyInstanceUID: equal('1.2.0', '1.2.3', '1.2.5', '1.9'),
  SeriesInstanceUID: equal('1.2.0.1', '1.2.3.2', '1.2.5.0', '1.2.3.3', '1.9.9'),
  PatientID: fc.oneof(equal('P0', 'P1', 'P9'), pattern('P*', '?2')),
  AccessionNumber: fc.oneof(equal('A1', 'A4'), pattern('*5', 'A?')),
  PatientName: fc.oneof(
    equal('muller^anna', 'Smith^John^^'),
    pattern('m*', '*john', 'S?ith*'),
    fc.constant<Match>({ kind: 'words', prefixes: ['an', 'mu'] }),
  ),
  StudyDate: fc.constantFrom<Match[]>(
    { kind: 'range', from: '20260102', to: undefined },
    { kind: 'range', from: undefined, to: '20260101' },
    { kind: 'range', from: '20260101', to: '20260101' },
  ),
  ModalitiesInStudy: fc.oneof(equal('CT', 'SR'), pattern('M*', '*')),
  Modality: fc.oneof(equal('CT', 'MR'), pattern('?R')),
  SeriesNumber: equal('1', '2', '10'),
  SeriesDescription: fc.oneof(equal('thorax'), pattern('?horax')),
  SOPInstanceUID: equal('1.2.0.1.2', '1.2.3.2.0', '1.2.5.0.1', '1.2.5.0.3'),
  SOPClassUID: fc.oneof(equal(...CLASSES), pattern('*.4')),
  InstanceNumber: equal('1', '10'),
  WarningReason: fc.oneof(equal('49151', '1'), pattern('*', '45*')),
}

export const criteriaOf = (level: 'series' | 'instance'): fc.Arbitrary<readonly Criterion[]> =>
  fc.uniqueArray(
    fc
      .constantFrom(
        ...Object.keys(MATCHES).filter((keyword) => level === 'instance' || levelOfKeyword(keyword) !== 'instance'),
      )
      .chain((keyword) => MATCHES[keyword]!.map((match): Criterion => ({ keyword, match }))),
    { maxLength: 3, selector: ({ keyword }) => keyword },
  )

export const orderOf = (level: 'series' | 'instance'): fc.Arbitrary<readonly OrderKey[]> =>
  fc.uniqueArray(
    fc.record({
      keyword: fc.constantFrom(
        ...['SeriesNumber', 'Modality', 'PatientName', 'StudyDate', 'ModalitiesInStudy'],
        ...(level === 'instance' ? ['InstanceNumber', 'updatedAt', 'SOPClassUID'] : []),
      ),
      descending: fc.boolean(),
    }),
    { maxLength: 3, selector: ({ keyword }) => keyword },
  )
