/** Words of a search as a header, and what the server says of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WORD_ATTRIBUTES } from '../../../src/contract/word-attributes.ts'
import { toTerms } from '../../../src/imaging/search/terms.ts'
import { pairsOfHeader } from '../../../src/operations/search-words.ts'
import { matchHeaderOf, refusalOf, type Word } from './words.ts'

const WORDS: readonly Word[] = [
  { attribute: 'PatientName', text: 'mül an*' },
  { attribute: 'StudyDescription', text: 'head & neck = 1+1 100%' },
  { attribute: 'Modality', text: 'CT' },
]

test('the server reads the words of the header that were entered', () => {
  const pairs = WORDS.map(({ attribute, text }) => [attribute, text] as const)
  assert.deepEqual(toTerms(pairsOfHeader(matchHeaderOf(WORDS)!)), toTerms(pairs))
  assert.equal(matchHeaderOf([]), undefined)
})

test('the refusal of the server belongs to the word that it names', () => {
  for (const { keyword } of WORD_ATTRIBUTES) {
    const refused: Word = { attribute: keyword, text: 'x'.repeat(300) }
    const other: Word = { attribute: keyword === 'Modality' ? 'PatientName' : 'Modality', text: 'CT' }
    const words = [other, refused, other]
    const refusal = refusalOf(errorOf(words), words)
    assert.deepEqual(refusal?.word, refused)
    assert.match(refusal?.message ?? '', /^A value has at most 256 characters; this one has 300\.$/)
  }
})

test('a refusal that names no attribute belongs to the last word', () => {
  const words = [...WORDS, { attribute: 'InstitutionName', text: 'a b c d e f g h' } as const]
  assert.deepEqual(refusalOf(errorOf(words), words)?.word, words.at(-1))
  assert.match(refusalOf(errorOf(words), words)?.message ?? '', /^A search has at most 8 words/)
})

test('an error about something else than words is not a refusal of words', () => {
  assert.equal(refusalOf(null, WORDS), undefined)
  assert.equal(refusalOf(named(new Error('x-hilum-match'), 'ThrottlingException'), WORDS), undefined)
  assert.equal(refusalOf(named(new Error('A page token is not valid'), 'ValidationException'), WORDS), undefined)
})

function errorOf(words: readonly Word[]): Error {
  try {
    toTerms(pairsOfHeader(matchHeaderOf(words)!))
  } catch (error) {
    return named(new Error((error as Error).message), 'ValidationException')
  }
  throw new Error('the server accepts these words')
}

const named = (error: Error, name: string): Error => Object.assign(error, { name })
