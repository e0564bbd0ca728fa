/** Data sets that are hard to index, the same in every run. */
import type { SortField } from '../../../contract/search-attributes.ts'
import type { SearchableImageSet } from '../../../imaging/search/search.ts'
import { imageSetOf, Partition } from './partition.fixture.ts'

const IMAGE_SETS = 15_000
const ENTRIES_PER_LEAF = 16
const DAY = 86_400_000
/** Study timestamps are in microseconds. */
const STUDY_DAY = DAY * 1_000

export interface HuntedStore {
  readonly partition: Partition
  /** By row id. */
  readonly imageSets: readonly SearchableImageSet[]
  /** By row id; NaN where an image set has none. */
  readonly dates: Readonly<Record<SortField, Float64Array>>
}

export type Random = () => number

/** mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

type Dates = readonly [createdAt: number, updatedAt: number, study: number | null]

/** As in the benchmark: half of the image sets come from a migration within a month, newest studies first; then 700 days of live traffic. */
function migration(part: number, random: Random): Dates {
  const isMigrated = part < 0.5
  const within = isMigrated ? part * 2 : part * 2 - 1
  const created = isMigrated ? within * 30 * DAY : (30 + within * 700) * DAY
  const made = random() < 0.9 ? created : created - random() * 5_000 * DAY
  const updated = random() < 0.7 ? created + 5_000 : created + random() * (730 * DAY - created)
  return [created, updated, random() < 0.01 ? null : (isMigrated ? -within * 5_000 * DAY : made) * 1_000]
}

const DRAWN: Readonly<Record<string, (part: number, random: Random) => Dates>> = {
  'a migration, then live traffic': migration,
  'random dates': (_, random) => [random() * 1e11, random() * 1e11, random() * 1e14],
  'study dates that fall as createdAt rises': (part, random) => [
    part * 700 * DAY,
    part * 700 * DAY + random() * 700 * DAY,
    -part * 5_000 * STUDY_DAY + random() * 30 * STUDY_DAY,
  ],
  'all created and changed in one moment': (_, random) => [0, 0, Math.floor(random() * 5_000) * STUDY_DAY],
  'all of one study date': (part, random) => [part * DAY, part * DAY + random() * 60_000, 0],
  'all without a study date': (part, random) => [part * 700 * DAY, random() * 700 * DAY, null],
  'all equal': () => [0, 0, 0],
  'dates that only grow': (part, random) => [
    part * 700 * DAY,
    part * 700 * DAY + random() * 60_000,
    part * 700 * STUDY_DAY - random() * 3_600_000_000,
  ],
  'study dates of whole days, some of them far off': (part, random) => [
    part * 30 * DAY,
    part * 30 * DAY + random() * 90 * DAY,
    random() < 0.001 ? (random() < 0.5 ? -47_000 : 2_900_000) * STUDY_DAY : Math.floor(random() * 5_000) * STUDY_DAY,
  ],
  'changes seconds or years after creation': (part, random) => [
    part * 700 * DAY,
    part * 700 * DAY + 10 ** (3 + random() * 8),
    (part * 700 * DAY - 10 ** (3 + random() * 8)) * 1_000,
  ],
}

export const HUNTED_STORES: readonly string[] = [
  ...Object.keys(DRAWN).map((name) => `${name}, built at once`),
  ...Object.keys(DRAWN).map((name) => `${name}, grown`),
  'a migration whose image sets change again and again',
]

export function openHuntedStore(name: string): HuntedStore {
  const isGrown = name.endsWith(', grown')
  const random = randomFrom(20260403)
  const draw = DRAWN[name.replace(/, (built at once|grown)$/, '')] ?? migration
  const imageSets = Array.from({ length: IMAGE_SETS }, (_, rowId) => {
    const [created, updated, study] = draw(rowId / IMAGE_SETS, random)
    return imageSetOf(rowId, [Math.floor(created), Math.floor(updated), study === null ? null : Math.floor(study)])
  })
  const isChanged = name.endsWith('again and again')
  const builtAtOnce = isGrown || isChanged ? IMAGE_SETS / 10 : IMAGE_SETS
  const partition = new Partition(imageSets.slice(0, builtAtOnce), ENTRIES_PER_LEAF)
  for (const imageSet of imageSets.slice(builtAtOnce)) partition.add(imageSet)
  if (!isChanged) return { partition, imageSets, dates: datesOf(imageSets) }
  // Each change is the latest: entries move to the last leaf, and other leaves become empty.
  for (let change = 0; change < IMAGE_SETS; change++) {
    const at = Math.floor(random() * IMAGE_SETS)
    const before = imageSets[at]!
    const after = { ...before, updatedAt: 730 * DAY + change * 60_000 }
    partition.remove(before)
    partition.add(after)
    imageSets[at] = after
  }
  return { partition, imageSets, dates: datesOf(imageSets) }
}

function datesOf(imageSets: readonly SearchableImageSet[]): HuntedStore['dates'] {
  const column = (field: SortField) => Float64Array.from(imageSets, (imageSet) => imageSet[field] ?? Number.NaN)
  return {
    createdAt: column('createdAt'),
    updatedAt: column('updatedAt'),
    DICOMStudyDateAndTime: column('DICOMStudyDateAndTime'),
  }
}
