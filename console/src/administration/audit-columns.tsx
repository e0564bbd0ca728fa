/** The columns of the audit log. */
import Link from '@cloudscape-design/components/link'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { TableProps } from '@cloudscape-design/components/table'
import type { AuditEvent } from '../../../src/contract/audit.ts'
import { formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import { nameOfPrincipal } from './audit-search.ts'

export const AUDIT_COLUMNS: readonly TableProps.ColumnDefinition<AuditEvent>[] = [
  { id: 'time', header: 'Time', width: 270, cell: ({ eventTime }) => formatTime(new Date(eventTime)) },
  { id: 'principal', header: 'Principal', width: 200, cell: nameOfPrincipal },
  { id: 'operation', header: 'Operation', width: 240, isRowHeader: true, cell: ({ eventName }) => eventName },
  { id: 'outcome', header: 'Outcome', width: 280, cell: (event) => <Outcome {...event} /> },
  { id: 'resource', header: 'Resource', width: 430, cell: (event) => <Resource {...event} /> },
  { id: 'address', header: 'Address', width: 150, cell: ({ sourceIPAddress }) => sourceIPAddress ?? '–' },
  { id: 'request', header: 'Request ID', width: 340, cell: ({ requestID }) => requestID ?? '–' },
]

function Outcome({ errorCode, responseStatus }: AuditEvent) {
  if (errorCode !== undefined) {
    return <StatusIndicator type="error">{[responseStatus, errorCode].filter(Boolean).join(' ')}</StatusIndicator>
  }
  return <StatusIndicator type="success">{responseStatus ?? 'Done'}</StatusIndicator>
}

/** The most specific one: an image set of a data store. */
function Resource({ resources = [] }: AuditEvent) {
  const arn = resources.at(-1)?.ARN
  if (arn === undefined) return '–'
  const [, datastoreId, imageSetId] = /:datastore\/([^/]+)(?:\/imageset\/(.+))?$/.exec(arn) ?? []
  const others = resources.length > 2 ? ` and ${resources.length - 1} others` : ''
  if (datastoreId === undefined) return `${arn.replace(/^arn:[^/]*:/, '')}${others}`
  const isOne = /^[0-9a-f]{32}$/
  if (imageSetId === undefined)
    return isOne.test(datastoreId) ? (
      <Link href={hrefTo(`datastores/${datastoreId}`)}>Data store {datastoreId}</Link>
    ) : (
      `Data store ${datastoreId}`
    )
  if (!isOne.test(imageSetId)) return `Image set ${imageSetId}${others}`
  return (
    <>
      <Link href={hrefTo(`datastores/${datastoreId}/image-sets/${imageSetId}`)}>Image set {imageSetId}</Link>
      {others}
    </>
  )
}
