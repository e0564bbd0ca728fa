/** Sign-in with an access key, or with the sign-in link that `hilum demo` or `hilum console` printed. */
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
import { redeemSignInLink, startSession } from '../api.ts'
import { Loading } from '../components/Loading.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { type ErrorMessage, errorMessageOf } from '../error-messages.ts'
import { navigate } from '../location.ts'
import { type AccessKey, signIn } from '../session.ts'

export function SignInPage({ token }: { token: string | undefined }) {
  const [error, setError] = useState<ErrorMessage>()
  const [isRedeeming, setRedeeming] = useState(token !== undefined)
  useEffect(() => {
    if (token === undefined) return
    // Removes the token from the URL and the history.
    navigate(window.location.pathname, { replace: true })
    setRedeeming(true)
    redeemSignInLink(token)
      .then(signIn, (thrown: unknown) => setError(errorMessageOf(thrown, { action: 'sign in with this link' })))
      .finally(() => setRedeeming(false))
  }, [token])
  if (isRedeeming) return <Loading what="access key" />
  return (
    <PageLayout title="Sign in" contentType="form">
      <SpaceBetween size="l">
        <Header variant="h1" description="Manage the data stores, import jobs, and image sets of this server.">
          Hilum console
        </Header>
        {error && (
          <Alert type="error" header={error.title}>
            {error.description}
          </Alert>
        )}
        <AccessKeyForm onError={setError} />
      </SpaceBetween>
    </PageLayout>
  )
}

function AccessKeyForm({ onError }: { onError: (error: ErrorMessage | undefined) => void }) {
  const [accessKeyId, setAccessKeyId] = useState('')
  const [secretAccessKey, setSecretAccessKey] = useState('')
  const [isSigningIn, setSigningIn] = useState(false)
  const [isSubmitted, setSubmitted] = useState(false)
  const entered: AccessKey = { accessKeyId: accessKeyId.trim(), secretAccessKey: secretAccessKey.trim() }
  const requiredError = (value: string, name: string) =>
    isSubmitted && value === '' ? `Enter the ${name}.` : undefined

  async function submit(event: FormEvent) {
    event.preventDefault()
    setSubmitted(true)
    if (entered.accessKeyId === '' || entered.secretAccessKey === '') return
    setSigningIn(true)
    onError(undefined)
    try {
      signIn(await startSession(entered))
    } catch (error) {
      // The key is valid, and its policies deny sessions: then it stays in this tab.
      if ((error as Error).name === 'AccessDeniedException') signIn(entered)
      else onError(errorMessageOf(error))
    } finally {
      setSigningIn(false)
    }
  }

  return (
    <form onSubmit={submit}>
      <Form
        actions={
          <Button variant="primary" formAction="submit" loading={isSigningIn} loadingText="Signing in">
            Sign in
          </Button>
        }
      >
        <Container
          header={
            <Header variant="h2" description="It is exchanged for a session, which all tabs of this browser share.">
              Access key
            </Header>
          }
        >
          <SpaceBetween size="l">
            <FormField label="Access key ID" errorText={requiredError(entered.accessKeyId, 'access key ID')}>
              <Input
                value={accessKeyId}
                onChange={({ detail }) => setAccessKeyId(detail.value)}
                autoComplete="username"
                spellcheck={false}
                autoFocus
              />
            </FormField>
            <FormField
              label="Secret access key"
              errorText={requiredError(entered.secretAccessKey, 'secret access key')}
            >
              <Input
                type="password"
                value={secretAccessKey}
                onChange={({ detail }) => setSecretAccessKey(detail.value)}
                autoComplete="current-password"
              />
            </FormField>
            <Box color="text-body-secondary">
              To view the access key, run <Box variant="code">hilum env</Box> on the server. To sign in with a link
              instead, run <Box variant="code">hilum console</Box> there.
            </Box>
          </SpaceBetween>
        </Container>
      </Form>
    </form>
  )
}
