/**
 * Searches for studies that a person saved under a name, by data store. They are in local storage of this browser and nowhere else, because
 * a filter may identify a patient.
 */
import { isObject, readStored, writeStored } from '../tables/stored-json.ts'
import { fragmentOf, studySearchOf } from './study-search.ts'

export interface SavedSearch {
  readonly name: string
  /** As in the URL. */
  readonly fragment: string
}

export const SAVED_SEARCHES_MAX = 50
export const NAME_CHARACTERS_MAX = 100

const storageKey = (datastoreId: string): string => `hilum.saved-studies.${datastoreId}`

export const readSaved = (datastoreId: string): readonly SavedSearch[] =>
  readStored(storageKey(datastoreId), parseSaved) ?? []

function parseSaved(value: unknown): readonly SavedSearch[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value
    .filter(isObject)
    .filter(({ name, fragment }) => typeof name === 'string' && typeof fragment === 'string')
    .slice(0, SAVED_SEARCHES_MAX)
    .map(({ name, fragment }) => ({
      name: String(name).slice(0, NAME_CHARACTERS_MAX),
      fragment: fragmentOf(studySearchOf(String(fragment)).search),
    }))
}

/** @returns whether the browser kept them */
export const writeSaved = (datastoreId: string, searches: readonly SavedSearch[]): boolean =>
  writeStored(storageKey(datastoreId), searches)
