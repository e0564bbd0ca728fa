/** Shows that a resource is not deleted, and why. */
import Badge from '@cloudscape-design/components/badge'

export function LockBadge({ lock }: { lock: string | undefined }) {
  return lock === undefined ? null : <Badge color="blue">Locked: {lock}</Badge>
}
