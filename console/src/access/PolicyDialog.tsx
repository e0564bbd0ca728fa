/** The document of a policy: to read for a managed policy, else to edit. */
import Box from '@cloudscape-design/components/box'
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import Modal from '@cloudscape-design/components/modal'
import Textarea from '@cloudscape-design/components/textarea'
import { useState } from 'react'
import type { PolicySummary } from '../../../src/contract/access.ts'
import { useApi } from '../api.ts'
import { FormDialog } from '../components/FormDialog.tsx'
import { putPolicy } from './access-api.ts'

const EXAMPLE = JSON.stringify(
  {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['medical-imaging:Get*', 'medical-imaging:List*'], Resource: '*' }],
  },
  undefined,
  2,
)

interface PolicyDialogProps {
  /** Undefined to create one. */
  readonly policy: PolicySummary | undefined
  onStored(): void
  onClose(): void
}

export function PolicyDialog({ policy, onStored, onClose }: PolicyDialogProps) {
  const api = useApi()
  const [name, setName] = useState(policy?.policyName ?? '')
  const [document, setDocument] = useState(policy?.policyDocument ?? EXAMPLE)
  if (policy?.isManaged) {
    return (
      <Modal visible size="large" onDismiss={onClose} closeAriaLabel="Close" header={policy.policyName}>
        <Box variant="pre">{policy.policyDocument}</Box>
      </Modal>
    )
  }
  return (
    <FormDialog
      title={policy?.policyName ?? 'Create policy'}
      action="store the policy"
      submitText={policy === undefined ? 'Create policy' : 'Save'}
      size="large"
      isComplete={name.trim() !== '' && document.trim() !== ''}
      onSubmit={async () => {
        await putPolicy(api, name.trim(), document)
        onStored()
      }}
      onClose={onClose}
    >
      {policy === undefined && (
        <FormField label="Name" constraintText="Up to 128 letters, digits, and the characters + = , . @ _ -">
          <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} autoFocus />
        </FormField>
      )}
      <FormField label="Document" description="A policy of AWS IAM." stretch>
        <Textarea value={document} onChange={({ detail }) => setDocument(detail.value)} rows={18} spellcheck={false} />
      </FormField>
    </FormDialog>
  )
}
