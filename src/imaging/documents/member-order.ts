/** The order of members in a metadata document: those of patient, study and series by key, those of an instance by tag. */
import { tagOf } from '../../dicom/dictionary.ts'

export const isTag = (key: string): boolean => /^[0-9A-F]{8}$/.test(key)

export type Order = (key: string) => string

export const BY_KEY: Order = (key) => key
/** Keys without a tag follow all others. */
export const BY_TAG: Order = (key) => (isTag(key) ? key : (tagOf(key) ?? `~${key}`))

/** Inserts each added member by the given order; existing members keep their order. */
export function withAdded(
  members: ReadonlyMap<string, string>,
  added: Iterable<readonly [key: string, value: string]>,
  order: Order,
): Map<string, string> {
  const waiting = [...added].map(([key, value]) => ({ key, value, at: order(key) }))
  waiting.sort((a, b) => (a.at < b.at ? -1 : 1))
  const updated = new Map<string, string>()
  let next = 0
  for (const [key, value] of members) {
    const at = order(key)
    for (; next < waiting.length && waiting[next]!.at < at; next++)
      updated.set(waiting[next]!.key, waiting[next]!.value)
    updated.set(key, value)
  }
  for (const { key, value } of waiting.slice(next)) updated.set(key, value)
  return updated
}
