/** The places of an import job in S3: where its files are and where its report goes. */
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { Faults, ImportTexts } from './import-texts.ts'

interface S3FieldsProps {
  readonly texts: ImportTexts
  readonly faults: Faults
  onChange(part: Partial<ImportTexts>): void
}

export function S3Fields({ texts, faults, onChange }: S3FieldsProps) {
  return (
    <SpaceBetween size="l">
      <FormField label="Source location" errorText={faults.input} constraintText="Every file below it is read.">
        <Input
          value={texts.input}
          onChange={({ detail }) => onChange({ input: detail.value })}
          placeholder="s3://bucket/prefix/"
          spellcheck={false}
        />
      </FormField>
      <FormField label="Output location" errorText={faults.output} constraintText="The job writes its report there.">
        <Input
          value={texts.output}
          onChange={({ detail }) => onChange({ output: detail.value })}
          placeholder="s3://bucket/reports/"
          spellcheck={false}
        />
      </FormField>
      <FormField
        label="Service role"
        errorText={faults.role}
        constraintText="Hilum needs none; it is kept with the job as the API asks for it."
      >
        <Input value={texts.role} onChange={({ detail }) => onChange({ role: detail.value })} spellcheck={false} />
      </FormField>
    </SpaceBetween>
  )
}
