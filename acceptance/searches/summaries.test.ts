/** Search summaries: every member, and the text of attributes in every character set. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { type Attributes, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { sendSigned } from '../support/raw-request.ts'
import { equal, patientsOf, search } from '../support/search.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const clock = movableClock('2026-03-01T10:00:00.123Z')
const server = await openHilum(clock.options)
const { hilum, sdk } = server

/** The summaries on the wire, before the SDK parses them. */
async function onTheWire(files: Record<string, Uint8Array>) {
  const datastoreId = await activeDatastore(sdk)
  await importFiles(server, { datastoreId, files })
  const reply = await sendSigned(hilum, {
    method: 'POST',
    path: `/datastore/${datastoreId}/searchImageSets`,
    body: '{}',
  })
  return { datastoreId, summaries: reply.json().imageSetsMetadataSummaries, body: reply.body }
}

const FULL: Attributes = {
  PatientID: 'P-1',
  PatientName: 'Doe^Jane^M^Dr',
  PatientBirthDate: '19701231',
  PatientSex: 'F',
  StudyInstanceUID: '2.25.1',
  StudyID: 'ST1',
  StudyDescription: 'Chest',
  AccessionNumber: 'ACC1',
  SeriesInstanceUID: '2.25.1.1',
  Modality: 'CT',
  BodyPartExamined: 'CHEST',
  SeriesNumber: 3,
  StudyDate: '20240615',
  StudyTime: '101500.25',
}

test('all members are present, with the names and types of the service', recorded, async () => {
  const { summaries } = await onTheWire({
    'a.dcm': instance({ ...FULL, SOPInstanceUID: '2.25.1.1.1' }),
    'b.dcm': instance({ ...FULL, SOPInstanceUID: '2.25.1.1.2' }),
  })
  assert.equal(summaries.length, 1)
  const { imageSetId, ...summary } = summaries[0]
  assert.match(imageSetId, /^[0-9a-f]{32}$/)
  assert.deepEqual(summary, {
    version: 1,
    createdAt: 1772359200.123,
    updatedAt: 1772359200.123,
    lastAccessedAt: 1772359200.123,
    storageTier: 'FREQUENT_ACCESS',
    isPrimary: true,
    DICOMTags: {
      DICOMPatientId: 'P-1',
      DICOMPatientName: 'Doe^Jane^M^Dr',
      DICOMPatientBirthDate: '19701231',
      DICOMPatientSex: 'F',
      DICOMStudyInstanceUID: '2.25.1',
      DICOMStudyId: 'ST1',
      DICOMStudyDescription: 'Chest',
      DICOMNumberOfStudyRelatedSeries: 1,
      DICOMNumberOfStudyRelatedInstances: 2,
      DICOMAccessionNumber: 'ACC1',
      DICOMSeriesInstanceUID: '2.25.1.1',
      DICOMSeriesModality: 'CT',
      DICOMSeriesBodyPart: 'CHEST',
      DICOMSeriesNumber: 3,
      DICOMStudyDate: '20240615',
      DICOMStudyTime: '101500.25',
    },
  })
})

test('the SDK parses the times correctly', recorded, async () => {
  const { datastoreId } = await onTheWire({ 'a.dcm': instance() })
  const [summary] = await search(sdk, { datastoreId })
  for (const moment of [summary!.createdAt, summary!.updatedAt, summary!.lastAccessedAt]) {
    assert.equal(moment!.toISOString(), '2026-03-01T10:00:00.123Z')
  }
})

describe('missing attributes', choice, () => {
  const optional = Object.keys(FULL).filter((keyword) => !keyword.endsWith('UID'))
  const without = (value: null | undefined) => ({
    ...FULL,
    ...Object.fromEntries(optional.map((keyword) => [keyword, value])),
  })
  const always = [
    'DICOMStudyInstanceUID',
    'DICOMNumberOfStudyRelatedSeries',
    'DICOMNumberOfStudyRelatedInstances',
    'DICOMSeriesInstanceUID',
  ]

  test('that are present and empty are null', recorded, async () => {
    const { summaries } = await onTheWire({ 'a.dcm': instance(without(null)) })
    const { DICOMTags } = summaries[0]
    assert.equal(Object.keys(DICOMTags).length, 16)
    for (const [name, value] of Object.entries(DICOMTags)) {
      if (!always.includes(name)) assert.equal(value, null, name)
    }
  })

  test('that are absent are omitted', async () => {
    const { summaries } = await onTheWire({ 'a.dcm': instance(without(undefined)) })
    assert.deepEqual(Object.keys(summaries[0].DICOMTags).toSorted(), always.toSorted())
  })

  test('an invalid series number is omitted, and one with padding or a sign is a number', async () => {
    const numberOf = async (text: string) => {
      const { summaries } = await onTheWire({
        'a.dcm': instance({ ...FULL, SeriesNumber: { vr: 'IS', value: Buffer.from(text) } }),
      })
      return summaries[0].DICOMTags.DICOMSeriesNumber
    }
    assert.equal(await numberOf('first '), undefined)
    assert.equal(await numberOf('99999999999 '), undefined)
    assert.equal(await numberOf(' +12'), 12)
    assert.equal(await numberOf('-2147483648 '), -2147483648)
  })
})

describe('text', choice, () => {
  const bytes = (vr: string, value: Uint8Array) => ({ vr, value })
  /** A file with text of these bytes, in that character set. */
  const inCharset = (term: string, texts: Record<string, Uint8Array>) =>
    instance({
      SpecificCharacterSet: bytes('CS', Buffer.from(term.length % 2 === 0 ? term : `${term} `)),
      ...Object.fromEntries(
        Object.entries(texts).map(([keyword, value]) => [
          keyword,
          bytes(keyword === 'PatientName' ? 'PN' : 'LO', value),
        ]),
      ),
    })
  const nameOf = async (file: Uint8Array) => {
    const { summaries } = await onTheWire({ 'a.dcm': file })
    return summaries[0].DICOMTags.DICOMPatientName
  }

  test('a Japanese name in ISO 2022 IR 87, as in PS3.5 H.3.1', async () => {
    const name = Buffer.concat([
      Buffer.from('Yamada^Tarou=\x1b$B', 'latin1'),
      Buffer.from([0x3b, 0x33, 0x45, 0x44]),
      Buffer.from('\x1b(B^\x1b$B', 'latin1'),
      Buffer.from([0x42, 0x40, 0x4f, 0x3a]),
      Buffer.from('\x1b(B=\x1b$B', 'latin1'),
      Buffer.from([0x24, 0x64, 0x24, 0x5e, 0x24, 0x40]),
      Buffer.from('\x1b(B^\x1b$B', 'latin1'),
      Buffer.from([0x24, 0x3f, 0x24, 0x6d, 0x24, 0x26]),
      Buffer.from('\x1b(B', 'latin1'),
    ])
    const padded = name.length % 2 === 0 ? name : Buffer.concat([name, Buffer.from(' ')])
    assert.equal(
      await nameOf(inCharset('\\ISO 2022 IR 87', { PatientName: padded })),
      'Yamada^Tarou=山田^太郎=やまだ^たろう',
    )
  })

  test('a Korean name in ISO 2022 IR 149, as in PS3.5 I.2', async () => {
    const name = Buffer.concat([
      Buffer.from('Hong^Gildong=\x1b$)C', 'latin1'),
      Buffer.from([0xfb, 0xf3]),
      Buffer.from('^\x1b$)C', 'latin1'),
      Buffer.from([0xd1, 0xce, 0xd4, 0xd7]),
      Buffer.from('=\x1b$)C', 'latin1'),
      Buffer.from([0xc8, 0xab]),
      Buffer.from('^\x1b$)C', 'latin1'),
      Buffer.from([0xb1, 0xe6, 0xb5, 0xbf]),
    ])
    const padded = name.length % 2 === 0 ? name : Buffer.concat([name, Buffer.from(' ')])
    assert.equal(await nameOf(inCharset('\\ISO 2022 IR 149', { PatientName: padded })), 'Hong^Gildong=洪^吉洞=홍^길동')
  })

  test('a Chinese name in GB18030, as in PS3.5 J.3', async () => {
    const name = Buffer.concat([
      Buffer.from('Wang^XiaoDong='),
      Buffer.from([0xcd, 0xf5]),
      Buffer.from('^'),
      Buffer.from([0xd0, 0xa1, 0xb6, 0xab]),
      Buffer.from('= '),
    ])
    assert.equal(await nameOf(inCharset('GB18030', { PatientName: name })), 'Wang^XiaoDong=王^小东=')
  })

  test('Greek, Cyrillic, Latin and UTF-8 text', async () => {
    for (const [term, name] of [
      ['ISO_IR 126', 'Διονυσιος'],
      ['ISO_IR 144', 'Люкceмбypг'],
      ['ISO_IR 100', 'Äneas'],
      ['ISO_IR 192', '王^小東 — Ωμέγα'],
    ] as const) {
      assert.equal(await nameOf(instance({ SpecificCharacterSet: term, PatientName: name })), name)
    }
  })

  test('an identifier in another script can be searched from any client', async () => {
    const datastoreId = await activeDatastore(sdk)
    const PatientID = '患者-七'
    const gb18030 = instance({
      SpecificCharacterSet: 'GB18030',
      PatientID: bytes('LO', Buffer.from([0xbb, 0xbc, 0xd5, 0xdf, 0x2d, 0xc6, 0xdf, 0x20])),
      StudyInstanceUID: '2.25.3',
    })
    await importFiles(server, {
      datastoreId,
      files: {
        'utf8.dcm': instance({ SpecificCharacterSet: 'ISO_IR 192', PatientID, StudyInstanceUID: '2.25.1' }),
        'latin.dcm': instance({ PatientID: 'latin', StudyInstanceUID: '2.25.2' }),
        'gb18030.dcm': gb18030,
      },
    })
    assert.equal((await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: PatientID }) })).length, 2)
    // The SDK for Python sends escapes where the SDK for JavaScript sends UTF-8.
    const escaped = `{"filters": [{"values": [{"DICOMPatientId": "\\u60a3\\u8005-\\u4e03"}], "operator": "EQUAL"}]}`
    const path = `/datastore/${datastoreId}/searchImageSets`
    const reply = await sendSigned(hilum, { method: 'POST', path, body: escaped })
    assert.equal(reply.json().imageSetsMetadataSummaries.length, 2)
  })
})

describe('padding and case', choice, () => {
  test('padding is removed and not compared, on either side', async () => {
    const { datastoreId, summaries } = await onTheWire({
      'a.dcm': instance({
        ...FULL,
        PatientID: { vr: 'LO', value: Buffer.from('PAD   ') },
        StudyInstanceUID: { vr: 'UI', value: Buffer.from('2.25.77\0') },
        SeriesInstanceUID: { vr: 'UI', value: Buffer.from('2.25.777\0\0') },
        SOPInstanceUID: '2.25.7',
      }),
    })
    assert.equal(summaries[0].DICOMTags.DICOMPatientId, 'PAD')
    for (const value of [
      { DICOMPatientId: 'PAD' },
      { DICOMPatientId: 'PAD ' },
      { DICOMStudyInstanceUID: '2.25.77' },
      { DICOMSeriesInstanceUID: '2.25.777' },
    ]) {
      assert.deepEqual(patientsOf(await search(sdk, { datastoreId, searchCriteria: equal(value) })), ['PAD'])
    }
  })

  test('upper and lower case are different patients', async () => {
    const { datastoreId } = await onTheWire({
      'a.dcm': instance({ PatientID: 'Abc', StudyInstanceUID: '2.25.1' }),
      'b.dcm': instance({ PatientID: 'aBC', StudyInstanceUID: '2.25.2' }),
    })
    assert.deepEqual(patientsOf(await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: 'Abc' }) })), [
      'Abc',
    ])
    assert.deepEqual(
      patientsOf(await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: 'ABC' }) })),
      [],
    )
  })
})

test('an image set that was not read for a month is in the archive tier', documented, async () => {
  const { datastoreId } = await onTheWire({ 'a.dcm': instance() })
  clock.advance(30 * 24 * 3_600_000)
  const tierOf = async () => (await search(sdk, { datastoreId }))[0]!.storageTier
  assert.equal(await tierOf(), 'FREQUENT_ACCESS')
  clock.advance(1)
  assert.equal(await tierOf(), 'ARCHIVE_INSTANT_ACCESS')
})
