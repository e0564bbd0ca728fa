/** The form of an import: where the files are, and the name of the job. */
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tiles from '@cloudscape-design/components/tiles'
import { type FormEvent, useState } from 'react'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { DEFAULT_ROLE_ARN } from '../uploads/upload.ts'
import { DropZone } from './DropZone.tsx'
import { type ImportFormValues, type ImportSource, validateImportForm } from './form-values.ts'
import { S3Fields } from './S3Fields.tsx'
import { useImport } from './use-import.ts'

interface ImportFormProps {
  readonly datastoreId: string
  readonly datastoreName: string
  readonly cancelHref: string
}

export function ImportForm({ datastoreId, datastoreName, cancelHref }: ImportFormProps) {
  const [values, setValues] = useState<ImportFormValues>(() => ({
    source: 'computer',
    files: [],
    jobName: '',
    inputS3Uri: '',
    outputS3Uri: '',
    dataAccessRoleArn: DEFAULT_ROLE_ARN,
  }))
  const [isSubmitted, setSubmitted] = useState(false)
  const { isStarting, error, start } = useImport({ datastoreId, datastoreName })
  const change = (changes: Partial<ImportFormValues>) => setValues((before) => ({ ...before, ...changes }))
  const errors = validateImportForm(values)
  const { source, files, jobName } = values

  function submit(event: FormEvent) {
    event.preventDefault()
    setSubmitted(true)
    if (Object.keys(errors).length === 0 && !isStarting) start(values)
  }

  return (
    <form onSubmit={submit}>
      <Form
        header={<Header variant="h1">Import DICOM data</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button formAction="none" variant="link" href={cancelHref}>
              Cancel
            </Button>
            <Button variant="primary" loading={isStarting} loadingText="Starting the import job">
              Import
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {error !== undefined && (
            <ErrorAlert error={error} action="start the import" resource={{ type: 'data store', id: datastoreId }} />
          )}
          <Container header={<Header variant="h2">Source</Header>}>
            <SpaceBetween size="l">
              <SourceTiles source={source} isDisabled={isStarting} onChange={(source) => change({ source })} />
              {source === 'computer' ? (
                <FormField errorText={isSubmitted && errors.files} stretch>
                  <DropZone files={files} onChange={(files) => change({ files })} isDisabled={isStarting} />
                </FormField>
              ) : (
                <S3Fields values={values} errors={isSubmitted ? errors : {}} onChange={change} />
              )}
              <FormField
                label={
                  <>
                    Job name <i>- optional</i>
                  </>
                }
                errorText={errors.jobName}
              >
                <Input
                  value={jobName}
                  onChange={({ detail }) => change({ jobName: detail.value })}
                  spellcheck={false}
                  disabled={isStarting}
                />
              </FormField>
            </SpaceBetween>
          </Container>
        </SpaceBetween>
      </Form>
    </form>
  )
}

interface SourceTilesProps {
  readonly source: ImportSource
  readonly isDisabled: boolean
  onChange(source: ImportSource): void
}

function SourceTiles({ source, isDisabled, onChange }: SourceTilesProps) {
  return (
    <Tiles
      value={source}
      onChange={({ detail }) => onChange(detail.value as ImportSource)}
      ariaLabel="Source"
      items={[
        {
          value: 'computer',
          label: 'This computer',
          description: 'Upload files or a folder from this computer.',
          disabled: isDisabled,
        },
        {
          value: 's3',
          label: 'S3 location',
          description: 'Import files from a bucket that the server can read.',
          disabled: isDisabled,
        },
      ]}
    />
  )
}
