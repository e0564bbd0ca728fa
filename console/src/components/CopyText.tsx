/** A text that people take elsewhere, whole: ids, ARNs, UIDs. */
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'

export function CopyText({ text, what }: { text: string | undefined; what: string }) {
  if (text === undefined || text === '') return <>–</>
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copyButtonAriaLabel={`Copy ${what}`}
      copySuccessText="Copied"
      copyErrorText="The browser does not let this page copy; select the text instead"
    />
  )
}
