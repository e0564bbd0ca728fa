/** A button that copies the identifiers of the selected rows, one a line. */
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'

/** @param name `image set IDs` */
export function CopyIds({ ids, name }: { ids: readonly string[]; name: string }) {
  if (ids.length === 0) return null
  return (
    <CopyToClipboard
      copyButtonText={`Copy ${name}`}
      textToCopy={ids.join('\n')}
      copySuccessText="Copied"
      copyErrorText={`Can't copy ${name}`}
    />
  )
}
