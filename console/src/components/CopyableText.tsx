/** An identifier with a button that copies it. */
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import './copyable-text.css'

/** The width of an ID of 32 characters, with the button. */
export const ID_PIXELS = 280

/** @param name what the text is, for the label of the button: `ARN` */
export function CopyableText({ text, name }: { text: string | undefined; name: string }) {
  if (text === undefined || text === '') return <>–</>
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      textToDisplay={partsOf(text)}
      copyButtonAriaLabel={`Copy ${name}`}
      copySuccessText={`${name} copied`}
      copyErrorText={`Can't copy ${name}`}
    />
  )
}

/** An ARN or URI has line breaks after its colons and slashes only, unless a part is longer than a line. */
function partsOf(text: string) {
  const parts = text.split(/(?<=[:/])(?![:/])/)
  if (parts.length === 1) return text
  return parts.map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place.
    <span key={at} className="copyable-part">
      {part}
    </span>
  ))
}
