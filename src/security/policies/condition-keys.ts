/**
 * The condition keys that requests have. A policy with another key is refused: its condition could never hold, or always, which its author
 * does not expect.
 */
import type { OPERATORS } from './condition-operators.ts'

type Kind = (typeof OPERATORS)[keyof typeof OPERATORS]['kind']

interface ConditionKey {
  readonly name: string
  readonly kinds: readonly Kind[]
  /** A request may have several values: the operator needs ForAllValues or ForAnyValue. */
  readonly isList?: true
  /** Followed by the key of a tag. */
  readonly takesTag?: true
}

const CONDITION_KEYS: readonly ConditionKey[] = [
  { name: 'aws:CurrentTime', kinds: ['date'] },
  { name: 'aws:EpochTime', kinds: ['date', 'number'] },
  { name: 'aws:PrincipalAccount', kinds: ['string'] },
  { name: 'aws:PrincipalArn', kinds: ['arn', 'string'] },
  { name: 'aws:PrincipalTag/', kinds: ['string'], takesTag: true },
  { name: 'aws:PrincipalType', kinds: ['string'] },
  { name: 'aws:RequestTag/', kinds: ['string'], takesTag: true },
  { name: 'aws:RequestedRegion', kinds: ['string'] },
  { name: 'aws:ResourceTag/', kinds: ['string'], takesTag: true },
  { name: 'aws:SecureTransport', kinds: ['boolean'] },
  { name: 'aws:SourceIp', kinds: ['address'] },
  { name: 'aws:TagKeys', kinds: ['string'], isList: true },
  { name: 'aws:userid', kinds: ['string'] },
  { name: 'aws:username', kinds: ['string'] },
  { name: 'iam:PassedToService', kinds: ['string'] },
  { name: 'medical-imaging:SeriesInstanceUID', kinds: ['string'] },
  { name: 'medical-imaging:StudyInstanceUID', kinds: ['string'] },
]

export const RESOURCE_TAG = 'aws:resourcetag/'
export const PRINCIPAL_TAG = 'aws:principaltag/'

/** By the name of the condition key in lower case. */
export const tagsOfPrincipal = (tags: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(tags).map(([key, value]) => [`${PRINCIPAL_TAG}${key.toLowerCase()}`, [value]]))

export function findConditionKey(key: string): ConditionKey | undefined {
  const lower = key.toLowerCase()
  return CONDITION_KEYS.find(({ name, takesTag }) => {
    const known = name.toLowerCase()
    return takesTag ? lower.startsWith(known) && lower.length > known.length : lower === known
  })
}

export const conditionKeyNames = (): string =>
  CONDITION_KEYS.map(({ name, takesTag }) => (takesTag ? `${name}<tag key>` : name)).join(', ')
