/** Names the parameters of a link that the page can't use. */
import Alert from '@cloudscape-design/components/alert'

export function InvalidParameters({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null
  return (
    <Alert type="warning" header="Some search parameters in this link aren't valid">
      The search ignores these parameters: {names.join(', ')}. Check that the link is complete.
    </Alert>
  )
}
