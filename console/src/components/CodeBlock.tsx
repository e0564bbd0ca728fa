/** Commands or JSON to copy, with a button. */
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import SpaceBetween from '@cloudscape-design/components/space-between'
import './code-block.css'

/** @param name what the text is, for the button: `statement` */
export function CodeBlock({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <SpaceBetween size="xs">
      {/* It scrolls, so it must be reachable with the keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region needs the focus. */}
      <pre className="code-block" tabIndex={0}>
        {text}
      </pre>
      <CopyToClipboard
        textToCopy={text}
        copyButtonText={`Copy ${name}`}
        copySuccessText="Copied"
        copyErrorText={`Can't copy the ${name}`}
      />
    </SpaceBetween>
  )
}
