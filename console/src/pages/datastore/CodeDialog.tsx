/** The current search as code, the same that `hilum search --cli`, `--js` and `--python` print. */
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { SNIPPETS } from '../../../../src/cli/search/search-snippets.ts'
import { isDefault } from '../../search/search.ts'

export type CodeLanguage = 'cli' | 'js' | 'python'

const NAMES: Readonly<Record<CodeLanguage, string>> = { cli: 'AWS CLI', js: 'JavaScript', python: 'Python' }

export function CodeDialog({
  language,
  datastoreId,
  searchCriteria,
  onClose,
}: {
  language: CodeLanguage
  datastoreId: string
  searchCriteria: SearchCriteria
  onClose: () => void
}) {
  const code = SNIPPETS[language]!({
    datastoreId,
    searchCriteria: isDefault(searchCriteria) ? undefined : searchCriteria,
    limit: undefined,
    envCommand: envCommand(),
  })
  return (
    <Modal
      visible
      size="large"
      onDismiss={onClose}
      closeAriaLabel="Close"
      header={`${NAMES[language]} code`}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button onClick={onClose}>Close</Button>
            <CopyToClipboard
              textToCopy={code}
              copyButtonText="Copy"
              copySuccessText="Code copied"
              copyErrorText="Can't copy the code"
            />
          </SpaceBetween>
        </Box>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: makes long lines scrollable with the keyboard. */}
      <pre className="code-snippet" tabIndex={0}>
        {code}
      </pre>
    </Modal>
  )
}

function envCommand(): string {
  const { hostname, port, origin } = window.location
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  if (isLocal) return port === '8104' ? 'hilum env' : `hilum env --port ${port || '80'}`
  return `hilum env --endpoint ${origin}`
}
