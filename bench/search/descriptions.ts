/**
 * Names and descriptions of the benchmark's image sets: 60,000 surnames and 20,000 given names, 2,000 descriptions, the frequent ones much more
 * frequent (Zipf). They are made of syllables, with umlauts, and some names have an ideographic group.
 */
import { oneOf, type Random, randomOf, wholeBelow } from '../random.ts'

const SURNAMES = 60_000
const GIVEN_NAMES = 20_000
const DESCRIPTIONS = 2_000
const TERMS = 150

const SYLLABLES =
  'ba be bi bo da de di do fa fe fi ga ge ha he hi ja ka ke ki ko la le li lo ma me mi mo mu mü na ne no pa ra re ri ro sa se sch ta te ti to va we wi za zö'.split(
    ' ',
  )
const ENDINGS = ['', 'n', 'r', 'mann', 'berg', 's']
const PROTOCOLS = ['nativ', 'KM', 'axial 1.5mm', 'routine', 'Kontrolle']
/** The seeds of each kind of word. */
const [SURNAME, GIVEN, TERM, SITE] = [21, 22, 23, 25]

function wordOf(kind: number, number: number, syllablesMax: number): string {
  const random = randomOf(kind, number)
  const count = 2 + wholeBelow(random, syllablesMax - 1)
  return Array.from({ length: count }, () => oneOf(random, SYLLABLES)).join('') + oneOf(random, ENDINGS)
}

/** The first of `count` about as often as the next two, the next four and so on. */
const zipf = (random: Random, count: number): number => Math.min(count - 1, Math.floor(count ** random()) - 1)

export const anySurname = (random: Random): string => wordOf(SURNAME, zipf(random, SURNAMES), 4)
export const anyGivenName = (random: Random): string => wordOf(GIVEN, zipf(random, GIVEN_NAMES), 3)

export function anyName(random: Random): string {
  const name = `${anySurname(random)}^${anyGivenName(random)}`
  return random() < 0.02 ? `${name}=山田^太郎` : name
}

/** Another one each year: a word that comes with dates. */
export const siteOf = (year: number): string => wordOf(SITE, year, 3)

export function anyDescription(random: Random): string {
  const number = zipf(random, DESCRIPTIONS)
  const term = (factor: number) => wordOf(TERM, (number * factor) % TERMS, 3)
  return `${term(1)} ${term(7)} ${PROTOCOLS[number % PROTOCOLS.length]!}`
}
