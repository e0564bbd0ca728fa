/** TagResource and UntagResource for many image sets: the tags that are not named stay. */
import { TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'
import { runEach } from './run-each.ts'
import type { RunningTask } from './tasks.ts'

/** AWS, "Tagging resources". */
export const TAGS_MAX = 50
const KEY_CHARACTERS = 128
const VALUE_CHARACTERS = 256
/** As the API has it (src/contract/datastores.ts). */
const KEY = /^[a-zA-Z+-=._:/]+$/

export interface TagChanges {
  readonly set: readonly { readonly key: string; readonly value: string }[]
  readonly remove: readonly string[]
}

/** By the position of the tag. */
interface TagErrors {
  readonly keys: readonly (string | undefined)[]
  readonly values: readonly (string | undefined)[]
  readonly remove: readonly (string | undefined)[]
}

export function errorsOfChanges({ set, remove }: TagChanges): TagErrors {
  const keys = set.map(({ key }, at) =>
    set.findIndex((tag) => tag.key === key) === at ? keyError(key) : 'Enter a unique key.',
  )
  return {
    keys,
    values: set.map(({ value }) =>
      value.length > VALUE_CHARACTERS ? `A value can have up to ${VALUE_CHARACTERS} characters.` : undefined,
    ),
    remove: remove.map((key, at) => {
      if (remove.indexOf(key) !== at) return 'Enter a unique key.'
      return set.some((tag) => tag.key === key) ? 'This tag is set above.' : keyError(key)
    }),
  }
}

function keyError(key: string): string | undefined {
  if (key === '') return 'Enter a key.'
  if (key.length > KEY_CHARACTERS) return `A key can have up to ${KEY_CHARACTERS} characters.`
  if (key.startsWith('aws:')) return 'Keys that begin with aws: are reserved.'
  return KEY.test(key) ? undefined : 'Use A to Z, a to z, digits and _ . : / = + - only.'
}

export const isValid = (errors: TagErrors): boolean =>
  [...errors.keys, ...errors.values, ...errors.remove].every((error) => error === undefined)

export function changeTags(
  { client }: Api,
  { datastoreArn, imageSetIds, changes }: { datastoreArn: string; imageSetIds: readonly string[]; changes: TagChanges },
  { signal, report }: RunningTask,
): Promise<unknown> {
  const tags = Object.fromEntries(changes.set.map(({ key, value }) => [key, value]))
  const tagKeys = [...changes.remove]
  return runEach(
    imageSetIds,
    async (imageSetId, abortSignal) => {
      const resourceArn = `${datastoreArn}/imageset/${imageSetId}`
      // First, so that there is a place for new ones.
      if (tagKeys.length > 0) await client.send(new UntagResourceCommand({ resourceArn, tagKeys }), { abortSignal })
      if (changes.set.length > 0) await client.send(new TagResourceCommand({ resourceArn, tags }), { abortSignal })
    },
    { idOf: (id) => id, signal, onProgress: report },
  )
}
