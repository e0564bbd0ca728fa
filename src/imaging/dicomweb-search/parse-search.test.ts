/** The query of a search by DICOMweb as criteria, an order, and attributes to return. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'
import { isSoak } from '../../fixtures/soak.ts'
import { type SearchLevel, searchedKeywords } from './attributes.ts'
import { type ParsedSearch, parseSearch } from './parse-search.ts'

const parse = (query: string, level: SearchLevel = 'instance'): ParsedSearch =>
  parseSearch([...new URLSearchParams(query)], level)

const matchOf = (query: string) => parse(query).criteria.map(({ match }) => match)

function refusal(query: string, level?: SearchLevel): string {
  try {
    parse(query, level)
  } catch (error) {
    assert.ok(error instanceof ContractError && error.name === 'ValidationException', String(error))
    return error.message
  }
  return assert.fail(`${query} is accepted`)
}

describe('dates and times', () => {
  test('a date, a month and a year cover their days', () => {
    assert.deepEqual(matchOf('StudyDate=20260331'), [{ kind: 'range', from: '20260331', to: '20260331' }])
    assert.deepEqual(matchOf('StudyDate=202603'), [{ kind: 'range', from: '20260301', to: '20260331' }])
    assert.deepEqual(matchOf('StudyDate=2026'), [{ kind: 'range', from: '20260101', to: '20261231' }])
  })

  test('a time of lower precision covers its whole span', () => {
    assert.deepEqual(matchOf('StudyTime=10'), [{ kind: 'range', from: '100000.000000', to: '105960.999999' }])
    assert.deepEqual(matchOf('StudyTime=1015'), [{ kind: 'range', from: '101500.000000', to: '101560.999999' }])
    assert.deepEqual(matchOf('StudyTime=101500.5'), [{ kind: 'range', from: '101500.500000', to: '101500.599999' }])
  })

  test('a range can be open at either end', () => {
    assert.deepEqual(matchOf('00080020=20260101-20260131'), [{ kind: 'range', from: '20260101', to: '20260131' }])
    assert.deepEqual(matchOf('StudyDate=20260101-'), [{ kind: 'range', from: '20260101', to: undefined }])
    assert.deepEqual(matchOf('StudyTime=-1015'), [{ kind: 'range', from: undefined, to: '101560.999999' }])
  })

  test('what is no date or time is refused with the form', () => {
    for (const date of [
      '2026-01-01',
      '20261301',
      '20260132',
      '-',
      '--',
      'today',
      '2026*',
      '20260101-20260102-20260103',
    ])
      assert.match(refusal(`StudyDate=${date}`), /StudyDate is searched by YYYYMMDD/)
    for (const time of ['2400', '1060', '10:15', '1'])
      assert.match(refusal(`StudyTime=${time}`), /StudyTime is searched by HHMMSS/)
  })
})

describe('texts', () => {
  test('an exact value, a pattern, and universal matching, which returns the attribute', () => {
    assert.deepEqual(matchOf('PatientID=P1 '), [{ kind: 'equal', values: ['P1'] }])
    assert.deepEqual(matchOf('PatientID=P?*'), [{ kind: 'pattern', pattern: 'P?*' }])
    for (const query of ['PatientBirthTime=', 'PatientBirthTime=*', '00100032=**']) {
      const { criteria, include } = parse(query)
      assert.deepEqual(criteria, [])
      assert.deepEqual([...include.fields], [['00100032', 'whole']])
    }
  })

  test('lists of UIDs and modalities, by commas, backslashes and repeated parameters', () => {
    const uids = [{ kind: 'equal', values: ['1.2', '1.3'] }]
    for (const query of ['1.2,1.3', '1.2%5C1.3', '1.2,,1.3', '1.2&StudyInstanceUID=1.3', '1.2&0020000D=1.3,1.2'])
      assert.deepEqual(matchOf(`StudyInstanceUID=${query}`), uids, query)
    assert.deepEqual(matchOf('ModalitiesInStudy=CT%5CMR'), [{ kind: 'equal', values: ['CT', 'MR'] }])
    assert.deepEqual(matchOf('PatientID=A,B'), [{ kind: 'equal', values: ['A,B'] }])
    assert.match(refusal('ModalitiesInStudy=CT,M*'), /ModalitiesInStudy can have several values only if each is exact/)
  })

  test('fuzzymatching makes words of names, and of nothing else', () => {
    assert.deepEqual(matchOf('PatientName=Thomas^Albert&fuzzymatching=true'), [
      { kind: 'words', prefixes: ['thomas', 'albert'] },
    ])
    assert.deepEqual(matchOf('PatientName=Mül*&fuzzymatching=true'), [{ kind: 'words', prefixes: ['mul'] }])
    assert.deepEqual(matchOf('PatientName=*om*&fuzzymatching=true'), [{ kind: 'pattern', pattern: '*om*' }])
    assert.deepEqual(matchOf('StudyDescription=CT&fuzzymatching=true'), [{ kind: 'equal', values: ['CT'] }])
    assert.deepEqual(matchOf('PatientName=^&fuzzymatching=true'), [])
    assert.match(refusal('fuzzymatching=yes'), /fuzzymatching is true or false/)
  })

  test('WarningReason is a decimal or hexadecimal code, or a pattern of decimal ones', () => {
    const code = [{ kind: 'equal', values: ['45056'] }]
    for (const text of ['45056', 'B000', 'b000', '0xB000', 'B000H'])
      assert.deepEqual(matchOf(`WarningReason=${text}`), code, text)
    assert.deepEqual(matchOf('WarningReason=*'), [{ kind: 'pattern', pattern: '*' }])
    assert.match(refusal('WarningReason=many'), /WarningReason is searched by a code/)
  })

  test('SeriesNumber is an integer', () => {
    assert.deepEqual(matchOf('SeriesNumber=007'), [{ kind: 'equal', values: ['7'] }])
    assert.match(refusal('SeriesNumber=x'), /SeriesNumber is searched by an integer/)
  })
})

describe('attributes', () => {
  test('a level is searched by its own attributes and those of the levels above', () => {
    assert.equal(parse('PatientName=A', 'series').criteria.length, 1)
    assert.match(refusal('Modality=CT', 'study'), /^Modality is no attribute of this search\. Attributes: StudyDate, /)
    assert.match(refusal('InstanceNumber=1', 'series'), /InstanceNumber/)
    for (const level of ['study', 'series', 'instance'] as const)
      for (const keyword of searchedKeywords(level)) assert.doesNotThrow(() => parse(`${keyword}=`, level), keyword)
  })

  test('a parameter that is no attribute is refused; a message never has a value', () => {
    for (const query of ['Foo=secret', '12345678=secret', 'PixelSpacing=secret', 'A.B=secret', 'secret secret=1'])
      assert.doesNotMatch(refusal(query), /secret/)
  })

  test('parameters of a signature are ignored', () => {
    const { criteria, include } = parse('X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=ab&x-amz-date=1', 'study')
    assert.deepEqual([criteria.length, include.fields.size], [0, 0])
  })
})

describe('limit, offset and orderby', () => {
  test('limit is 1,000 by default and at most, offset at most a million', () => {
    assert.deepEqual([parse('').limit, parse('limit=0').limit, parse('limit=5000').limit], [1_000, 0, 1_000])
    assert.equal(parse('offset=1000000').offset, 1_000_000)
    assert.match(refusal('offset=1000001'), /offset is a whole number of at most 1000000/)
    for (const text of ['-1', '1.5', 'x', '1e3']) assert.match(refusal(`limit=${text}`), /limit is a whole number/)
  })

  test('orderby names attributes by keyword or tag, each once, descending with a minus', () => {
    assert.deepEqual(parse('orderby=-StudyDate,00100010', 'study').order, [
      { keyword: 'StudyDate', descending: true },
      { keyword: 'PatientName', descending: false },
    ])
    assert.match(refusal('orderby=Modality', 'study'), /orderby names what is no attribute of this search/)
    assert.match(refusal('orderby=StudyDate,-StudyDate', 'study'), /only once/)
    assert.match(refusal(`orderby=${searchedKeywords('instance').join(',')}`), /at most 8/)
  })
})

describe('includefield', () => {
  const fieldsOf = (query: string) => Object.fromEntries(parse(query, 'study').include.fields)

  test('keywords and tags, in lists and repeated, once each; what is unknown is left out', () => {
    assert.deepEqual(fieldsOf('includefield=00081030,StudyDescription,Foo&includefield=00100020&includefield='), {
      '00081030': 'whole',
      '00100020': 'whole',
    })
    assert.ok(parse('includefield=PatientID&includefield=all').include.isAll)
  })

  test('paths into sequences share their sequence; the whole sequence wins', () => {
    const { fields } = parse('includefield=00080096.00400280,ReferringPhysicianIdentificationSequence.00080080').include
    assert.deepEqual(
      [...fields].map(([tag, inner]) => [tag, Object.fromEntries(inner as never)]),
      [['00080096', { '00400280': 'whole', '00080080': 'whole' }]],
    )
    assert.deepEqual(fieldsOf('includefield=00080096.00400280,00080096'), { '00080096': 'whole' })
  })

  test('a creator is no condition, and at most 50 attributes are named', () => {
    const { criteria, include } = parse('includefield=00191001&00190010=MAKER 1.0', 'study')
    assert.deepEqual([criteria.length, [...include.creators]], [0, [['00190010', 'MAKER 1.0']]])
    assert.match(refusal(`includefield=${Array(51).fill('00100010').join(',')}`), /at most 50/)
  })
})

test('any query is parsed or refused with a sentence', () => {
  const name = fc.oneof(
    fc.constantFrom(
      ...searchedKeywords('instance'),
      'limit',
      'offset',
      'orderby',
      'includefield',
      'fuzzymatching',
      '00190010',
    ),
    fc.string({ maxLength: 12 }),
  )
  const odd = fc.constantFrom(
    '*',
    '?',
    '^',
    '=',
    '\\',
    ',',
    '-',
    '.',
    '2026',
    '1015',
    'all',
    '%',
    '\0',
    'Ä',
    '\ud800',
    '9'.repeat(40),
  )
  const value = fc.array(fc.oneof(odd, fc.string({ maxLength: 6 })), { maxLength: 6 }).map((parts) => parts.join(''))
  const query = fc.array(fc.tuple(name, value), { maxLength: 6 })
  const level = fc.constantFrom<SearchLevel>('study', 'series', 'instance')
  let parsed = 0
  fc.assert(
    fc.property(query, level, (parameters, at) => {
      try {
        const { criteria, limit, offset } = parseSearch(parameters, at)
        assert.ok(criteria.length <= parameters.length && limit <= 1_000 && offset <= 1_000_000)
        parsed += 1
      } catch (error) {
        assert.ok(error instanceof ContractError && error.status === 400, String(error))
        assert.ok(error.message.length < 1_000)
      }
    }),
    { seed: 20261127, numRuns: isSoak ? 100_000 : 2_000 },
  )
  assert.ok(parsed > 100, `${parsed} queries were parsed`)
})
