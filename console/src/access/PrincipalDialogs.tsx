/** The dialogs that create a principal and choose its policies. */
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import { useState } from 'react'
import type { CreatedKey, PrincipalSummary } from '../../../src/contract/access.ts'
import { useApi } from '../api.ts'
import { FormDialog } from '../components/FormDialog.tsx'
import { createPrincipal, setPolicies } from './access-api.ts'
import { PolicySelect } from './PolicySelect.tsx'

interface CreatePrincipalDialogProps {
  onCreated(principalName: string, accessKey: CreatedKey): void
  onClose(): void
}

export function CreatePrincipalDialog({ onCreated, onClose }: CreatePrincipalDialogProps) {
  const api = useApi()
  const [name, setName] = useState('')
  const [policyNames, setPolicyNames] = useState<readonly string[]>([])
  return (
    <FormDialog
      title="Create principal"
      action="create the principal"
      submitText="Create principal"
      isComplete={name.trim() !== ''}
      onSubmit={async () => onCreated(name.trim(), await createPrincipal(api, { name: name.trim(), policyNames }))}
      onClose={onClose}
    >
      <FormField label="Name" constraintText="Up to 64 letters, digits, and the characters + = , . @ _ -">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} autoFocus />
      </FormField>
      <PolicySelect selected={policyNames} onChange={setPolicyNames} />
    </FormDialog>
  )
}

interface PoliciesDialogProps {
  readonly principal: PrincipalSummary
  onChanged(): void
  onClose(): void
}

export function PoliciesDialog({ principal, onChanged, onClose }: PoliciesDialogProps) {
  const api = useApi()
  const [policyNames, setPolicyNames] = useState(principal.policies.map(({ policyName }) => policyName))
  const inline = principal.policies.filter(({ policyDocument }) => policyDocument !== undefined)
  return (
    <FormDialog
      title={`Policies of ${principal.principalName}`}
      action="change the policies"
      submitText="Save"
      isComplete
      onSubmit={async () => {
        await setPolicies(api, principal, policyNames)
        onChanged()
      }}
      onClose={onClose}
    >
      <PolicySelect
        selected={policyNames}
        inline={inline.map(({ policyName }) => policyName)}
        onChange={(next) => setPolicyNames([...next])}
      />
    </FormDialog>
  )
}
