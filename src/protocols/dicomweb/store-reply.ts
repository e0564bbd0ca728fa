/**
 * The reply to a store request: Store Instances Response Module (PS3.18 annex I) in the DICOM JSON model. The status is 200 if an instance was
 * stored, 409 if none was: clients of AWS HealthImaging treat every other status as fatal, also the 202 of PS3.18.
 */
import type { StoreOutcome } from '../../contract/store-requests.ts'
import type { WireReply } from '../http/wire.ts'

export const DICOM_JSON = 'application/dicom+json'

/** FailureReason (0008,1197), PS3.18 table I.2-2. */
const FAILURE_REASONS = {
  /** Cannot understand. */
  invalid: 0xc000,
  /** Data set does not match: the study of the path. */
  'other-study': 0xa901,
  /** Processing failure. */
  server: 0x0110,
} as const

/** Of LO. */
const COMMENT_CHARACTERS_MAX = 64

type Stored = Extract<StoreOutcome, { outcome: 'stored' }>
type Failed = Extract<StoreOutcome, { outcome: 'failed' }>
type Uids = NonNullable<Failed['uids']>

export function storeReply(
  { outcomes, unread }: { readonly outcomes: readonly StoreOutcome[]; readonly unread: readonly string[] },
  { datastoreUrl }: { readonly datastoreUrl: string },
): WireReply {
  const stored = outcomes.filter((each) => each.outcome === 'stored')
  const failed = outcomes.filter((each) => each.outcome === 'failed')
  const named = failed.filter(({ uids }) => uids !== undefined)
  const others = [
    ...failed.filter(({ uids }) => uids === undefined),
    ...unread.map((message) => ({ reason: 'invalid', message }) as const),
  ]
  const studies = new Set(stored.map(({ studyInstanceUID }) => studyInstanceUID))
  const urlOf = (uids: Uids) =>
    `${datastoreUrl}/studies/${uids.studyInstanceUID}/series/${uids.seriesInstanceUID}/instances/${uids.sopInstanceUID}`
  const dataSet = {
    ...(studies.size === 1 && { '00081190': one('UR', `${datastoreUrl}/studies/${[...studies][0]}`) }),
    ...sequence('00081198', named.map(failedItem)),
    ...sequence(
      '00081199',
      stored.map((each) => storedItem(each, urlOf(each))),
    ),
    ...sequence('0008119A', others.map(failureOf)),
  }
  return {
    status: stored.length > 0 ? 200 : 409,
    headers: { 'Content-Type': DICOM_JSON },
    body: JSON.stringify(dataSet),
  }
}

const storedItem = (stored: Stored, url: string) => ({
  ...uidsOf(stored),
  '00081190': one('UR', url),
  ...(stored.warnings.length > 0 && { '00081196': one('US', stored.warnings[0]!) }),
})

const failedItem = (failed: Failed) => ({ ...uidsOf(failed.uids!), ...failureOf(failed) })

/** The message is where the DICOM service of Azure has it. */
const failureOf = ({ reason, message }: Pick<Failed, 'reason' | 'message'>) => ({
  '00081197': one('US', FAILURE_REASONS[reason]),
  '00741048': { vr: 'SQ', Value: [{ '00000902': one('LO', message.slice(0, COMMENT_CHARACTERS_MAX)) }] },
})

/** SOPInstanceUID beside the standard's ReferencedSOPInstanceUID: clients of AWS HealthImaging read it. */
const uidsOf = ({ sopClassUID, sopInstanceUID }: Uids) => ({
  '00080018': one('UI', sopInstanceUID),
  '00081150': one('UI', sopClassUID),
  '00081155': one('UI', sopInstanceUID),
})

const one = (vr: string, value: string | number) => ({ vr, Value: [value] })

const sequence = (tag: string, items: readonly object[]) =>
  items.length === 0 ? {} : { [tag]: { vr: 'SQ', Value: items } }
