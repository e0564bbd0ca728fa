/** Shows a new access key, once: the server does not return its secret again. */
import Alert from '@cloudscape-design/components/alert'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { CreatedKey } from '../../../src/contract/access.ts'
import { CopyableText } from '../components/CopyableText.tsx'
import { InfoDialog } from '../components/InfoDialog.tsx'

interface AccessKeyDialogProps {
  readonly principalName: string
  readonly accessKey: CreatedKey
  onClose(): void
}

export function AccessKeyDialog({ principalName, accessKey, onClose }: AccessKeyDialogProps) {
  const { accessKeyId, secretAccessKey } = accessKey
  return (
    <InfoDialog title={`Access key of ${principalName}`} closeText="Done" onClose={onClose}>
      <SpaceBetween size="m">
        <Alert type="warning">Copy the secret access key now. It is not shown again.</Alert>
        <KeyValuePairs
          items={[
            { label: 'Access key ID', value: <CopyableText text={accessKeyId} name="access key ID" /> },
            { label: 'Secret access key', value: <CopyableText text={secretAccessKey} name="secret access key" /> },
          ]}
        />
      </SpaceBetween>
    </InfoDialog>
  )
}
