/** A choice of policies by name. */
import FormField from '@cloudscape-design/components/form-field'
import Multiselect from '@cloudscape-design/components/multiselect'
import { useQuery } from '@tanstack/react-query'
import { useApi } from '../api.ts'
import { listPolicies } from './access-api.ts'

interface PolicySelectProps {
  readonly selected: readonly string[]
  /** Inline policies of the principal, which are in no list. */
  readonly inline?: readonly string[]
  onChange(selected: readonly string[]): void
}

export function PolicySelect({ selected, inline = [], onChange }: PolicySelectProps) {
  const api = useApi()
  const { data = [], isPending } = useQuery({ queryKey: ['policies'], queryFn: () => listPolicies(api) })
  const options = [
    ...inline.map((name) => ({ value: name, label: name, description: 'Inline' })),
    ...data.map(({ policyName, isManaged }) => ({
      value: policyName,
      label: policyName,
      ...(isManaged && { description: 'Managed' }),
    })),
  ]
  return (
    <FormField label="Policies" constraintText="Without a policy, the principal can't do anything.">
      <Multiselect
        options={options}
        selectedOptions={selected.map((value) => ({ value, label: value }))}
        onChange={({ detail }) => onChange(detail.selectedOptions.flatMap(({ value }) => value ?? []))}
        statusType={isPending ? 'loading' : 'finished'}
        placeholder="Choose policies"
        filteringType="auto"
      />
    </FormField>
  )
}
