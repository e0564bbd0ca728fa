/** The S3 locations and the service role of an import job. */
import FormField from '@cloudscape-design/components/form-field'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ImportFormErrors, ImportFormValues } from './form-values.ts'

interface S3FieldsProps {
  readonly values: ImportFormValues
  readonly errors: ImportFormErrors
  onChange(changes: Partial<ImportFormValues>): void
}

export function S3Fields({ values, errors, onChange }: S3FieldsProps) {
  return (
    <SpaceBetween size="l">
      <FormField
        label="Import source location in S3"
        errorText={errors.inputS3Uri}
        constraintText="All files below this prefix are imported."
      >
        <Input
          value={values.inputS3Uri}
          onChange={({ detail }) => onChange({ inputS3Uri: detail.value })}
          placeholder="s3://bucket/prefix/"
          spellcheck={false}
        />
      </FormField>
      <FormField
        label="Output destination in S3"
        errorText={errors.outputS3Uri}
        constraintText="The import job writes its report to this location."
      >
        <Input
          value={values.outputS3Uri}
          onChange={({ detail }) => onChange({ outputS3Uri: detail.value })}
          placeholder="s3://bucket/reports/"
          spellcheck={false}
        />
      </FormField>
      <FormField
        label="Service role ARN"
        errorText={errors.dataAccessRoleArn}
        constraintText="The API requires a role. Hilum records it with the job, but doesn't use it."
      >
        <Input
          value={values.dataAccessRoleArn}
          onChange={({ detail }) => onChange({ dataAccessRoleArn: detail.value })}
          spellcheck={false}
        />
      </FormField>
    </SpaceBetween>
  )
}
