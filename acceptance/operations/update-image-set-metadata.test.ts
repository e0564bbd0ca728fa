/** UpdateImageSetMetadata: the result of valid updates, version by version, and reverting to an earlier one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UpdateImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import {
  type ImageSet,
  importSeries,
  importSet,
  jsonBytes,
  newStudy,
  picture,
  propertiesOf,
  sendUpdate,
  settled,
  stateOf,
  updated,
  versionsOf,
} from '../support/image-sets.ts'
import { fetchGzip, fetchMetadata, seriesOf } from '../support/metadata.ts'
import { equal, search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'
import { until } from '../support/until.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const server = await openHilum(clock.options)
const { sdk } = server
const datastoreId = await activeDatastore(sdk)

const patient = (DICOM: object) => ({ Patient: { DICOM } })
const study = (DICOM: object) => ({ Study: { DICOM } })
const fetch = (set: ImageSet, versionId?: string) =>
  fetchMetadata(sdk, { ...set, ...(versionId === undefined ? {} : { versionId }) })
const first = (set: ImageSet) => ({ ...set, latestVersionId: '1' })

/** A new image set in its own study: its id, and the UIDs by which an update names its parts. */
async function imported(options: { count?: number; attributes?: Record<string, string> } = {}) {
  const StudyInstanceUID = newStudy()
  const set = await importSeries(server, {
    datastoreId,
    ...options,
    attributes: { StudyInstanceUID, ...options.attributes },
  })
  const series = `${StudyInstanceUID}.1`
  const sop = (n: number) => `${series}.${n}`
  return {
    set,
    StudyInstanceUID,
    series,
    sop,
    inInstance: (n: number, instance: object) => ({
      Study: { Series: { [series]: { Instances: { [sop(n)]: instance } } } },
    }),
  }
}

/** An image set that disagrees with the primary image set of its study. */
async function nonPrimary() {
  const { StudyInstanceUID, ...primary } = await imported()
  const attributes = { StudyInstanceUID, PatientID: 'OTHER' }
  const set = await importSeries(server, { datastoreId, attributes })
  return { ...primary, StudyInstanceUID, set, primary: primary.set }
}

describe('the response', recorded, () => {
  test('has the number of the new version, and the image set is LOCKED until it exists', async () => {
    const { set } = await imported()
    const before = await propertiesOf(sdk, set)
    clock.advance(5_000)
    const { $metadata, ...answer } = await sendUpdate(sdk, { ...first(set), set: patient({ PatientName: 'New' }) })
    assert.equal($metadata.httpStatusCode, 200)
    assert.deepEqual(answer, {
      ...set,
      latestVersionId: '2',
      imageSetState: 'LOCKED',
      imageSetWorkflowStatus: 'UPDATING',
      createdAt: before.createdAt,
      updatedAt: new Date(before.updatedAt!.getTime() + 5_000),
    })
    assert.deepEqual(stateOf(await settled(sdk, set)), ['ACTIVE', 'UPDATED', '2'])
  })

  test('is asynchronous: until it is done, reads see the complete old or new version', choice, async () => {
    const { set, StudyInstanceUID } = await imported({ count: 50 })
    await sendUpdate(sdk, { ...first(set), set: patient({ PatientID: 'LATER', PatientName: 'Later' }) })
    await until(async () => {
      const document = await fetch(set)
      const [summary] = await search(sdk, {
        datastoreId,
        searchCriteria: equal({ DICOMStudyInstanceUID: StudyInstanceUID }),
      })
      const properties = await propertiesOf(sdk, set)
      assert.ok(['P1', 'LATER'].includes(document.Patient.DICOM.PatientID as string))
      assert.equal(
        document.Patient.DICOM.PatientName,
        document.Patient.DICOM.PatientID === 'P1' ? 'Test^Patient' : 'Later',
      )
      assert.deepEqual(
        [summary!.version, summary!.DICOMTags!.DICOMPatientId],
        summary!.version === 1 ? [1, 'P1'] : [2, 'LATER'],
      )
      assert.equal(properties.versionId, '2')
      if (properties.imageSetState !== 'LOCKED') return true
      assert.equal(properties.imageSetWorkflowStatus, 'UPDATING')
      return undefined
    })
    assert.equal((await fetch(set)).Patient.DICOM.PatientID, 'LATER')
  })
})

describe('an update', documented, () => {
  test('inserts and replaces attributes at every level, in the order of the document', async () => {
    const { set, series, sop } = await imported()
    const ofSeries = {
      DICOM: { BodyPartExamined: 'CHEST', Modality: 'CT' },
      Instances: { [sop(2)]: { DICOM: { ImageComments: 'second' } } },
    }
    const levels = {
      ...patient({ PatientName: 'New^Name', PatientSex: 'F' }),
      Study: { DICOM: { StudyDescription: 'Chest' }, Series: { [series]: ofSeries } },
    }
    await updated(sdk, { ...first(set), set: levels })
    const document = await fetch(set)
    assert.deepEqual(Object.entries(document.Patient.DICOM), [
      ['PatientID', 'P1'],
      ['PatientName', 'New^Name'],
      ['PatientSex', 'F'],
    ])
    assert.equal(document.Study.DICOM.StudyDescription, 'Chest')
    assert.deepEqual(Object.keys(document.Study.DICOM), Object.keys(document.Study.DICOM).toSorted())
    const { DICOM, Instances } = seriesOf(document)
    assert.deepEqual([DICOM.BodyPartExamined, DICOM.Modality], ['CHEST', 'CT'])
    assert.equal(Instances[sop(2)]!.DICOM.ImageComments, 'second')
    assert.equal('ImageComments' in Instances[sop(1)]!.DICOM, false)
  })

  test('leaves everything else unchanged, including frames', async () => {
    const { set } = await imported()
    const before = await fetch(set)
    await updated(sdk, { ...first(set), set: patient({ PatientName: 'New' }) })
    const after = await fetch(set)
    assert.deepEqual(after, {
      ...before,
      Patient: { DICOM: { ...before.Patient.DICOM, PatientName: 'New' } },
    })
  })

  test('accepts SchemaVersion as a number or a string', async () => {
    const { set } = await imported()
    for (const [at, SchemaVersion] of [1.1, '1.1'].entries()) {
      const updatableAttributes = jsonBytes({ SchemaVersion, ...patient({ PatientName: `N${at}` }) })
      const latestVersionId = `${at + 1}`
      await sdk.send(
        new UpdateImageSetMetadataCommand({
          ...set,
          latestVersionId,
          updateImageSetMetadataUpdates: { DICOMUpdates: { updatableAttributes } },
        }),
      )
      assert.equal((await settled(sdk, set)).imageSetWorkflowStatus, 'UPDATED')
    }
    assert.equal((await fetch(set)).Patient.DICOM.PatientName, 'N1')
  })

  test('removes an attribute with a matching value', async () => {
    const { set } = await imported()
    await updated(sdk, { ...first(set), remove: study({ AccessionNumber: 'A1' }) })
    assert.equal('AccessionNumber' in (await fetch(set)).Study.DICOM, false)
  })

  test('can remove and insert at once', async () => {
    const { set } = await imported()
    await updated(sdk, {
      ...first(set),
      remove: study({ AccessionNumber: 'A1' }),
      set: patient({ PatientComments: 'no accession' }),
    })
    const { Patient, Study } = await fetch(set)
    assert.deepEqual([Patient.DICOM.PatientComments, 'AccessionNumber' in Study.DICOM], ['no accession', false])
  })

  test('is found by its new values, and no longer by the old ones', async () => {
    const { set } = await imported({ attributes: { PatientID: 'MISTAKEN' } })
    await updated(sdk, { ...first(set), set: patient({ PatientID: 'RIGHT' }) })
    const ids = async (DICOMPatientId: string) =>
      (await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId }) })).map(({ imageSetId, version }) => [
        imageSetId,
        version,
      ])
    assert.deepEqual([await ids('MISTAKEN'), await ids('RIGHT')], [[], [[set.imageSetId, 2]]])
  })

  test('accepts text in any script', choice, async () => {
    const { set } = await imported()
    const PatientName = 'Yamada^Tarou=山田^太郎=やまだ^たろう'
    await updated(sdk, { ...first(set), set: patient({ PatientName }) })
    assert.equal((await fetch(set)).Patient.DICOM.PatientName, PatientName)
  })
})

describe('with force', documented, () => {
  test('a private element is added, changed and removed, with its VR', async () => {
    const { set, inInstance, sop } = await imported()
    const element = (value: string, DICOMVRs: object = { '00191001': 'LO' }) =>
      inInstance(1, { DICOM: { '00191001': value }, DICOMVRs })
    const only = async () => seriesOf(await fetch(set)).Instances[sop(1)]!
    await updated(sdk, { ...first(set), force: true, set: element('one') })
    assert.deepEqual([(await only()).DICOM['00191001'], (await only()).DICOMVRs['00191001']], ['one', 'LO'])
    await updated(sdk, { ...set, latestVersionId: '2', force: true, set: element('two') })
    assert.equal((await only()).DICOM['00191001'], 'two')
    await updated(sdk, { ...set, latestVersionId: '3', force: true, remove: element('two') })
    assert.deepEqual([(await only()).DICOM['00191001'], (await only()).DICOMVRs['00191001']], [undefined, undefined])
  })

  test('an instance is removed by an empty object under its UID', async () => {
    const { set, series, inInstance, sop } = await imported({ count: 3 })
    await updated(sdk, { ...first(set), force: true, remove: inInstance(2, {}) })
    assert.deepEqual(Object.keys(seriesOf(await fetch(set)).Instances).toSorted(), [sop(1), sop(3)])
    assert.deepEqual(Object.keys(seriesOf(await fetch(set, '1')).Instances).length, 3)
    const [summary] = await search(sdk, {
      datastoreId,
      searchCriteria: equal({ DICOMSeriesInstanceUID: series }),
    })
    assert.equal(summary!.DICOMTags!.DICOMNumberOfStudyRelatedInstances, 2)
  })

  test('a sequence is replaced as a whole', async () => {
    const { set } = await imported()
    const coded = (CodeValue: string) => [{ CodeValue, CodingSchemeDesignator: 'DCM', CodeMeaning: CodeValue }]
    await updated(sdk, { ...first(set), force: true, set: study({ ProcedureCodeSequence: coded('1') }) })
    await updated(sdk, { ...set, latestVersionId: '2', force: true, set: study({ ProcedureCodeSequence: coded('2') }) })
    assert.deepEqual((await fetch(set)).Study.DICOM.ProcedureCodeSequence, coded('2'))
  })

  test('only a forced version has overrides', async () => {
    const { set } = await imported()
    await updated(sdk, { ...first(set), force: true, set: study({ StudyID: 'FORCED' }) })
    await updated(sdk, { ...set, latestVersionId: '2', set: patient({ PatientName: 'Plain' }) })
    const versions = await versionsOf(sdk, set)
    assert.deepEqual(
      versions.map(({ overrides }) => overrides?.forced ?? false),
      [false, true, false],
    )
    assert.deepEqual((await propertiesOf(sdk, { ...set, versionId: '2' })).overrides, { forced: true })
  })

  test('an instance of a non-primary image set can get another SOPInstanceUID, and moves in the document', async () => {
    const { set, inInstance, sop } = await nonPrimary()
    const SOPInstanceUID = `${sop(1)}.77`
    await updated(sdk, { ...first(set), force: true, set: inInstance(1, { DICOM: { SOPInstanceUID } }) })
    const { Instances } = seriesOf(await fetch(set))
    assert.deepEqual(Object.keys(Instances).toSorted(), [sop(2), SOPInstanceUID].toSorted())
    assert.equal(Instances[SOPInstanceUID]!.DICOM.SOPInstanceUID, SOPInstanceUID)
  })

  test('a non-primary image set can move to another study and series', async () => {
    const { set, series } = await nonPrimary()
    // The lengths that an import allows, which exceed those of DICOM.
    const [StudyInstanceUID, SeriesInstanceUID] = [`2.25.${'9'.repeat(251)}`, '2.25.900.1.5']
    await updated(sdk, {
      ...first(set),
      force: true,
      set: { Study: { DICOM: { StudyInstanceUID }, Series: { [series]: { DICOM: { SeriesInstanceUID } } } } },
    })
    const document = await fetch(set)
    assert.equal(document.Study.DICOM.StudyInstanceUID, StudyInstanceUID)
    assert.deepEqual(Object.keys(document.Study.Series), [SeriesInstanceUID])
    const [found] = await search(sdk, {
      datastoreId,
      searchCriteria: equal({ DICOMSeriesInstanceUID: SeriesInstanceUID }),
    })
    assert.equal(found!.imageSetId, set.imageSetId)
  })
})

describe('every earlier version', documented, () => {
  test('keeps its document byte for byte', async () => {
    const { set } = await imported()
    const gzips: Uint8Array[] = []
    for (let version = 1; version <= 3; version++) {
      gzips.push(await fetchGzip(sdk, set))
      await updated(sdk, { ...set, latestVersionId: `${version}`, set: patient({ PatientName: `Name${version}` }) })
    }
    for (const [at, gzip] of gzips.entries()) {
      assert.deepEqual(await fetchGzip(sdk, { ...set, versionId: `${at + 1}` }), gzip)
    }
  })

  test('can be reverted to, by a new version with its content', async () => {
    const { set } = await imported({ count: 3 })
    const original = await fetchGzip(sdk, set)
    await updated(sdk, { ...first(set), set: patient({ PatientID: 'WRONG' }) })
    await updated(sdk, { ...set, latestVersionId: '2', set: patient({ PatientName: 'Wrong' }) })
    const properties = await updated(sdk, { ...set, latestVersionId: '3', revertToVersionId: '1' })
    assert.equal(properties.versionId, '4')
    assert.deepEqual(await fetchGzip(sdk, set), original)
    const found = await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: 'WRONG' }) })
    assert.deepEqual(found, [])
    assert.equal((await fetch(set, '3')).Patient.DICOM.PatientName, 'Wrong')
  })

  test('an unwanted import is undone by a revert, including its instances', recorded, async () => {
    const { set, StudyInstanceUID, sop } = await imported({ count: 1 })
    await importSet(server, { datastoreId, files: [picture(7, { StudyInstanceUID, PatientName: 'Unwanted' })] })
    await updated(sdk, { ...set, latestVersionId: '2', revertToVersionId: '1' })
    const document = await fetch(set)
    assert.deepEqual(Object.keys(seriesOf(document).Instances), [sop(1)])
    assert.equal(document.Patient.DICOM.PatientName, 'Test^Patient')
    await updated(sdk, { ...set, latestVersionId: '3', revertToVersionId: '2' })
    assert.deepEqual(Object.keys(seriesOf(await fetch(set)).Instances).toSorted(), [sop(1), sop(7)])
  })
})

describe('concurrent writers', documented, () => {
  test('with a stale version are refused with the message of the service', recorded, async () => {
    const { set } = await imported()
    await updated(sdk, { ...first(set), set: patient({ PatientName: 'New' }) })
    for (const latestVersionId of ['1', '3', '0', '9'.repeat(30)]) {
      await rejectsAs(
        sendUpdate(sdk, { ...set, latestVersionId, set: patient({ PatientName: 'Late' }) }),
        'ResourceNotFoundException',
        'Requested version(s) of ImageSet(s) is not the latest.',
      )
    }
    assert.equal((await fetch(set)).Patient.DICOM.PatientName, 'New')
  })

  test('eight at once: one succeeds, and the others are refused', async () => {
    const { set } = await imported()
    const names = Array.from({ length: 8 }, (_, at) => `Writer^${at}`)
    const outcomes = await Promise.allSettled(
      names.map((PatientName) => sendUpdate(sdk, { ...first(set), set: patient({ PatientName }) })),
    )
    const winners = outcomes.flatMap(({ status }, at) => (status === 'fulfilled' ? [names[at]] : []))
    assert.equal(winners.length, 1)
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      const { name, message } = outcome.reason as Error
      if (name === 'ConflictException') assert.match(message, /LOCKED/)
      else
        assert.equal(
          `${name}: ${message}`,
          'ResourceNotFoundException: Requested version(s) of ImageSet(s) is not the latest.',
        )
    }
    assert.deepEqual(stateOf(await settled(sdk, set)), ['ACTIVE', 'UPDATED', '2'])
    assert.equal((await fetch(set)).Patient.DICOM.PatientName, winners[0])
    assert.equal((await versionsOf(sdk, set)).length, 2)
  })
})
