/** Which actions a pattern of a policy matches. Actions are not case-sensitive. */
import { ACTIONS } from '../../contract/actions.ts'
import { type Matches, wildcard } from './wildcard.ts'

const KNOWN = ACTIONS.map((action) => action.toLowerCase())
const SERVICES_OF_HILUM = ['medical-imaging', 'hilum']

export function actionPattern(pattern: string): Matches {
  const matches = wildcard(pattern.toLowerCase())
  return (action) => matches(action.toLowerCase())
}

/** Policies written for AWS may name actions of other services: these are kept, and match no request. */
export function findAction(pattern: string): 'known' | 'unknown' | 'of another service' {
  if (!SERVICES_OF_HILUM.includes(pattern.split(':')[0]!.toLowerCase())) return 'of another service'
  return KNOWN.some(actionPattern(pattern)) ? 'known' : 'unknown'
}
