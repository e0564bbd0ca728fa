/** Creates a data store. */
import { CreateDatastoreCommand, type LosslessStorageFormat } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import RadioGroup from '@cloudscape-design/components/radio-group'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { useNotify } from '../components/Notifications.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { hrefTo, navigate } from '../location.ts'

const NAME = /^[A-Za-z0-9._/#-]{1,256}$/
const FORMATS = [
  {
    value: 'HTJ2K',
    label: 'HTJ2K',
    description: 'Default. Fast decoding, and a preview of each image while it loads.',
  },
  { value: 'JPEG_2000_LOSSLESS', label: 'JPEG 2000 Lossless', description: "For viewers that don't support HTJ2K." },
]

export function CreateDatastorePage() {
  const { client } = useApi()
  const queries = useQueryClient()
  const notify = useNotify()
  const [name, setName] = useState('')
  const [format, setFormat] = useState<string>(FORMATS[0]!.value)
  const [isCreating, setCreating] = useState(false)
  const [error, setError] = useState<unknown>()
  const nameError =
    name === '' || NAME.test(name)
      ? undefined
      : 'Enter up to 256 letters, numbers, and the characters . _ / # - without spaces.'

  async function create(event: FormEvent) {
    event.preventDefault()
    if (nameError !== undefined) return
    setCreating(true)
    setError(undefined)
    try {
      const input = {
        ...(name !== '' && { datastoreName: name }),
        // The default is not sent.
        ...(format !== 'HTJ2K' && { losslessStorageFormat: format as LosslessStorageFormat }),
      }
      const { datastoreId } = await client.send(new CreateDatastoreCommand({ ...input, clientToken: undefined }))
      await queries.invalidateQueries({ queryKey: ['datastores'] })
      notify({ type: 'success', text: `Creating data store ${name || datastoreId}.` })
      navigate(hrefTo(''))
    } catch (thrown) {
      setError(thrown)
      setCreating(false)
    }
  }

  return (
    <PageLayout
      title="Create data store"
      contentType="form"
      breadcrumbs={[{ text: 'Create data store', href: hrefTo('create') }]}
    >
      <form onSubmit={create}>
        <Form
          header={<Header variant="h1">Create data store</Header>}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button formAction="none" variant="link" href={hrefTo('')}>
                Cancel
              </Button>
              <Button variant="primary" loading={isCreating} loadingText="Creating">
                Create data store
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {error !== undefined && <ErrorAlert error={error} action="create the data store" />}
            <Container header={<Header variant="h2">Details</Header>}>
              <SpaceBetween size="l">
                <FormField
                  label={
                    <>
                      Data store name <i>- optional</i>
                    </>
                  }
                  errorText={nameError}
                  constraintText="You can't change the name after the data store is created."
                >
                  <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} />
                </FormField>
                <FormField label="Image frame format">
                  <RadioGroup items={FORMATS} value={format} onChange={({ detail }) => setFormat(detail.value)} />
                </FormField>
              </SpaceBetween>
            </Container>
          </SpaceBetween>
        </Form>
      </form>
    </PageLayout>
  )
}
