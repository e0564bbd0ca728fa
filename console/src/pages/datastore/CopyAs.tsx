/** The search on screen as a program for another client: the same text that `hilum search --cli`, `--js` and `--python` print. */
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { SNIPPETS } from '../../../../src/cli/search/search-snippets.ts'
import { isUsual } from '../../search/search.ts'

export type SnippetKind = 'cli' | 'js' | 'python'

const NAMES: Readonly<Record<SnippetKind, string>> = { cli: 'AWS CLI', js: 'JavaScript', python: 'Python' }

export function CopyAs({
  kind,
  datastoreId,
  searchCriteria,
  onClose,
}: {
  kind: SnippetKind
  datastoreId: string
  searchCriteria: SearchCriteria
  onClose: () => void
}) {
  const text = SNIPPETS[kind]!({
    datastoreId,
    searchCriteria: isUsual(searchCriteria) ? undefined : searchCriteria,
    limit: undefined,
    envCommand: envCommand(),
  })
  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      closeAriaLabel="Close"
      header={`This search for ${kind === 'cli' ? 'the ' : ''}${NAMES[kind]}`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>Close</Button>
            <CopyToClipboard
              textToCopy={text}
              copyButtonText="Copy"
              copySuccessText="Copied"
              copyErrorText="The browser does not let this page copy; select the text instead"
            />
          </SpaceBetween>
        </Box>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled with the keyboard. */}
      <pre className="snippet" tabIndex={0}>
        {text}
      </pre>
    </Modal>
  )
}

function envCommand(): string {
  const { hostname, port, origin } = window.location
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  if (isHere) return port === '8104' ? 'hilum env' : `hilum env --port ${port || '80'}`
  return `hilum env --endpoint ${origin}`
}
