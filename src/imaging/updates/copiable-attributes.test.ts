/** Which instances a copy names, and which image sets can be merged. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ATTRIBUTES_DO_NOT_MATCH, attributesAgree, parseCopiableAttributes } from './copiable-attributes.ts'
import { answer, IMAGE_SET_ATTRIBUTES } from './metadata-update.fixture.ts'

const series = (value: unknown) => JSON.stringify({ SchemaVersion: '1.1', Study: { Series: value } })

test('the instances of one series are listed by their UIDs', () => {
  const text = '{"SchemaVersion":"1.1","Study":{"Series":{"1.2":{"Instances":{"1.2.1":{},"1.2.2":{},"__proto__":{}}}}}}'
  assert.deepEqual(parseCopiableAttributes(text), {
    seriesInstanceUID: '1.2',
    sopInstanceUIDs: new Set(['1.2.1', '1.2.2', '__proto__']),
  })
  assert.deepEqual(parseCopiableAttributes(text.replace('"1.1"', '1.1')), parseCopiableAttributes(text))
  assert.deepEqual(parseCopiableAttributes(text.replace('"SchemaVersion":"1.1",', '')), parseCopiableAttributes(text))
})

test('the largest list that fits is parsed quickly', () => {
  const instances = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`1${index}`, {}]))
  const text = series({ '1.2': { Instances: instances } })
  assert.ok(text.length > 200_000 && text.length <= 260_000)
  assert.equal(parseCopiableAttributes(text).sopInstanceUIDs.size, 20_000)
})

for (const [what, text, message] of [
  ['no JSON', 'SECRET', /copiableAttributes is not JSON at character 1/],
  ['base64 of JSON', Buffer.from(series({})).toString('base64'), /it is base64, but must be the JSON itself/],
  ['a list', '[]', /It is not a JSON object/],
  ['another schema', '{"SchemaVersion":"2"}', /SchemaVersion is not 1\.1/],
  ['nothing', '{}', /it names no series/],
  ['no series', series({}), /it names no series/],
  ['two series', series({ 1: {}, 2: {} }), /more than one series/],
  ['no instance', series({ 1: {} }), /names no instance. Leave it out to copy all/],
  ['an instance with content', series({ 1: { Instances: { 2: { DICOM: {} } } } }), /instances are copied whole/],
  ['an instance that is none', series({ 1: { Instances: { 2: 'SECRET' } } }), /An instance is not a JSON object/],
  [
    'attributes of the series',
    series({ 1: { DICOM: {}, Instances: {} } }),
    /A series has an unknown member\. Allowed: Instances/,
  ],
  ['attributes of the patient', '{"Patient":{}}', /It has an unknown member\. Allowed: SchemaVersion and Study/],
  ['an instance twice', series({ 1: { Instances: { 2: {} } } }).replace('"2":{}', '"2":{},"2":{}'), /a member twice/],
  ['nests without end', `{"Study":${'['.repeat(200_000)}`, /nests deeper than 8/],
] as const) {
  test(`${what} is refused`, () => {
    const refused = answer(() => parseCopiableAttributes(text))
    assert.match(refused, message)
    assert.doesNotMatch(refused, /SECRET/)
  })
}

describe('two image sets', () => {
  test('agree when patient, study and series are the same', () => {
    assert.ok(attributesAgree(IMAGE_SET_ATTRIBUTES, IMAGE_SET_ATTRIBUTES))
  })

  test('agree when they differ only in padding, or in empty and absent attributes', () => {
    assert.ok(
      attributesAgree(IMAGE_SET_ATTRIBUTES, IMAGE_SET_ATTRIBUTES.replace('"SeriesNumber":"7 "', '"SeriesNumber":"7"')),
    )
    assert.ok(attributesAgree(IMAGE_SET_ATTRIBUTES, IMAGE_SET_ATTRIBUTES.replace('"AccessionNumber":null,', '')))
    assert.ok(attributesAgree(IMAGE_SET_ATTRIBUTES.replace('"AccessionNumber":null,', ''), IMAGE_SET_ATTRIBUTES))
  })

  for (const [what, from, to] of [
    ['patients', '"PatientName":"DOE^JANE"', '"PatientName":"DOE^JOHN"'],
    ['studies', '"StudyDescription":"CHEST"', '"StudyDescription":"HEAD"'],
    ['series', '"Modality":"CT"', '"Modality":"MR"'],
    ['accession numbers, one of them empty', '"AccessionNumber":null', '"AccessionNumber":"A1"'],
    ['series by their key', '"Series":{"2.25.1.1"', '"Series":{"2.25.1.2"'],
  ] as const) {
    test(`do not agree when they are of different ${what}`, () => {
      const other = IMAGE_SET_ATTRIBUTES.replace(from, to)
      assert.notEqual(other, IMAGE_SET_ATTRIBUTES)
      assert.ok(!attributesAgree(IMAGE_SET_ATTRIBUTES, other))
      assert.ok(!attributesAgree(other, IMAGE_SET_ATTRIBUTES))
    })
  }

  test('are refused with the message of AWS', () => {
    assert.equal(
      ATTRIBUTES_DO_NOT_MATCH,
      "INVALID_REQUEST:  Series of SourceImageSet and DestinationImageSet don't match.",
    )
  })
})
