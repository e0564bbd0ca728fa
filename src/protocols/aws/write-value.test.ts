/** Values as JSON, with cached structures: written once, with the same text each time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ImageSetsMetadataSummary } from '../../contract/image-sets.ts'
import { JsonText, Lasting, listOf, structure } from '../../contract/shapes.ts'
import { JsonBody } from './json-body.ts'
import { structureWriter } from './write-value.ts'

const write = structureWriter(structure({ imageSetsMetadataSummaries: listOf(ImageSetsMetadataSummary) }))
function textOf(imageSetsMetadataSummaries: readonly unknown[]): string {
  const body = new JsonBody()
  write({ imageSetsMetadataSummaries } as never, body)
  return Buffer.from(body.whole() as string).toString()
}

const tags = fc.record({ DICOMPatientId: fc.string({ unit: 'binary' }), DICOMStudyDate: fc.string() })
const summary = fc.record(
  {
    imageSetId: fc.string(),
    version: fc.nat(),
    createdAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    updatedAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    storageTier: fc.constantFrom('FREQUENT_ACCESS', 'ARCHIVE_INSTANT_ACCESS'),
    isPrimary: fc.boolean(),
    DICOMTags: fc.oneof(
      tags,
      tags.map((values) => new JsonText(JSON.stringify(values))),
    ),
  },
  { requiredKeys: ['imageSetId'] },
)

describe('a cached structure', () => {
  test('has the same JSON as an uncached one, every time', () => {
    fc.assert(
      fc.property(fc.array(summary, { maxLength: 5 }), (summaries) => {
        const expected = textOf(summaries)
        assert.equal(JSON.parse(expected).imageSetsMetadataSummaries.length, summaries.length)
        const lasting = summaries.map((each) => new Lasting(each))
        assert.equal(textOf(lasting), expected)
        assert.equal(textOf(lasting), expected)
        assert.equal(textOf([...summaries, ...lasting]), textOf([...summaries, ...summaries]))
      }),
    )
  })

  test('is converted to JSON once', () => {
    let reads = 0
    const counted = {
      get imageSetId() {
        reads++
        return 'a'
      },
    }
    const lasting = new Lasting(counted)
    for (let times = 0; times < 3; times++) assert.match(textOf([lasting]), /"imageSetId":"a"/)
    assert.equal(reads, 1)
  })
})
