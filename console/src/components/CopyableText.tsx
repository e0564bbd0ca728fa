/** An identifier with a button that copies it. */
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'

/** @param name what the text is, for the label of the button: `ARN` */
export function CopyableText({ text, name }: { text: string | undefined; name: string }) {
  if (text === undefined || text === '') return <>–</>
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copyButtonAriaLabel={`Copy ${name}`}
      copySuccessText={`${name} copied`}
      copyErrorText={`Can't copy ${name}`}
    />
  )
}
