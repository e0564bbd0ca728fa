/** Where the access key is entered, once per tab; a one-time link of `hilum demo` or `hilum console` is exchanged for it here. */
import { ListDatastoresCommand } from '@aws-sdk/client-medical-imaging'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type FormEvent, useEffect, useState } from 'react'
import { openApi, redeemLink } from '../api.ts'
import { Frame } from '../components/Frame.tsx'
import { Waiting } from '../components/Waiting.tsx'
import { go } from '../place.ts'
import { type AccessKey, setAccessKey } from '../session.ts'
import { type Words, wordsFor } from '../words.ts'

export function SignInPage({ token }: { token: string | undefined }) {
  const [failure, setFailure] = useState<Words>()
  const [isRedeeming, setRedeeming] = useState(token !== undefined)
  useEffect(() => {
    if (token === undefined) return
    // Out of the address and the history, whatever becomes of it.
    go(window.location.pathname, { replace: true })
    setRedeeming(true)
    redeemLink(token)
      .then(setAccessKey, (error: unknown) => setFailure(wordsFor(error)))
      .finally(() => setRedeeming(false))
  }, [token])
  if (isRedeeming) return <Waiting what="your access key" />
  return (
    <Frame title="Sign in" contentType="form">
      <SpaceBetween size="l">
        <Header variant="h1" description="Data stores, import jobs and image sets of this server.">
          Hilum console
        </Header>
        {failure && (
          <Alert type="error" header={failure.title}>
            {failure.advice}
          </Alert>
        )}
        <KeyForm fail={setFailure} />
      </SpaceBetween>
    </Frame>
  )
}

function KeyForm({ fail }: { fail: (words: Words | undefined) => void }) {
  const [accessKeyId, setAccessKeyId] = useState('')
  const [secretAccessKey, setSecretAccessKey] = useState('')
  const [isTrying, setTrying] = useState(false)
  const [isSent, setSent] = useState(false)
  const entered: AccessKey = { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() }
  const missing = (text: string, what: string) => (isSent && text === '' ? `Enter the ${what}.` : undefined)

  async function signIn(event: FormEvent) {
    event.preventDefault()
    setSent(true)
    if (entered.accessKeyId === '' || entered.secretAccessKey === '') return
    setTrying(true)
    fail(undefined)
    const { client } = openApi(entered)
    try {
      await client.send(new ListDatastoresCommand({ maxResults: 1 }))
      setAccessKey(entered)
    } catch (error) {
      fail(wordsFor(error))
    } finally {
      client.destroy()
      setTrying(false)
    }
  }

  return (
    <form onSubmit={signIn}>
      <Form
        actions={
          <Button variant="primary" formAction="submit" loading={isTrying} loadingText="Signing in">
            Sign in
          </Button>
        }
      >
        <Container
          header={
            <Header variant="h2" description="It stays in this tab and is gone when the tab closes.">
              Access key
            </Header>
          }
        >
          <SpaceBetween size="l">
            <FormField label="Access key ID" errorText={missing(entered.accessKeyId, 'access key ID')}>
              <Input
                value={accessKeyId}
                onChange={({ detail }) => setAccessKeyId(detail.value)}
                autoComplete="username"
                spellcheck={false}
                autoFocus
              />
            </FormField>
            <FormField label="Secret access key" errorText={missing(entered.secretAccessKey, 'secret access key')}>
              <Input
                type="password"
                value={secretAccessKey}
                onChange={({ detail }) => setSecretAccessKey(detail.value)}
                autoComplete="current-password"
              />
            </FormField>
            <Box color="text-body-secondary">
              On the server's machine, <Box variant="code">hilum env</Box> prints the key, and{' '}
              <Box variant="code">hilum console</Box> a link that opens this page signed in.
            </Box>
          </SpaceBetween>
        </Container>
      </Form>
    </form>
  )
}
