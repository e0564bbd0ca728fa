/** A new data store. */
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
import { Frame } from '../components/Frame.tsx'
import { useTell } from '../components/Notices.tsx'
import { Problem } from '../components/Problem.tsx'
import { addressOf, go } from '../place.ts'

const NAME = /^[A-Za-z0-9._/#-]{1,256}$/
const FORMATS = [
  { value: 'HTJ2K', label: 'HTJ2K', description: 'The usual one: fast, and a small picture comes first.' },
  { value: 'JPEG_2000_LOSSLESS', label: 'JPEG 2000, lossless', description: 'For viewers that do not read HTJ2K.' },
]

export function CreateDatastorePage() {
  const { client } = useApi()
  const queries = useQueryClient()
  const tell = useTell()
  const [name, setName] = useState('')
  const [format, setFormat] = useState<string>(FORMATS[0]!.value)
  const [isCreating, setCreating] = useState(false)
  const [error, setError] = useState<unknown>()
  const fault =
    name === '' || NAME.test(name)
      ? undefined
      : 'A name has up to 256 letters, digits and the signs . _ / # - and no space.'

  async function create(event: FormEvent) {
    event.preventDefault()
    if (fault !== undefined) return
    setCreating(true)
    setError(undefined)
    try {
      const input = {
        ...(name !== '' && { datastoreName: name }),
        // What every server takes need not be said.
        ...(format !== 'HTJ2K' && { losslessStorageFormat: format as LosslessStorageFormat }),
      }
      const { datastoreId } = await client.send(new CreateDatastoreCommand({ ...input, clientToken: undefined }))
      await queries.invalidateQueries({ queryKey: ['datastores'] })
      tell({ type: 'success', text: `The data store ${name || datastoreId} is being made.` })
      go(addressOf(''))
    } catch (thrown) {
      setError(thrown)
      setCreating(false)
    }
  }

  return (
    <Frame
      title="Create data store"
      contentType="form"
      way={[{ text: 'Create data store', href: addressOf('create') }]}
    >
      <form onSubmit={create}>
        <Form
          header={<Header variant="h1">Create data store</Header>}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button formAction="none" variant="link" href={addressOf('')}>
                Cancel
              </Button>
              <Button variant="primary" loading={isCreating} loadingText="Creating">
                Create data store
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {error !== undefined && <Problem error={error} />}
            <Container header={<Header variant="h2">Details</Header>}>
              <SpaceBetween size="l">
                <FormField
                  label={
                    <>
                      Name <i>– optional</i>
                    </>
                  }
                  errorText={fault}
                  constraintText="It cannot be changed later."
                >
                  <Input value={name} onChange={({ detail }) => setName(detail.value)} spellcheck={false} autoFocus />
                </FormField>
                <FormField label="Frames are stored as">
                  <RadioGroup items={FORMATS} value={format} onChange={({ detail }) => setFormat(detail.value)} />
                </FormField>
              </SpaceBetween>
            </Container>
          </SpaceBetween>
        </Form>
      </form>
    </Frame>
  )
}
