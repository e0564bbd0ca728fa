/** An alert for a failed request, with a button to retry or to sign in with another access key. */
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import { type ErrorContext, errorMessageOf } from '../error-messages.ts'
import { setAccessKey } from '../session.ts'

interface ErrorAlertProps extends ErrorContext {
  readonly error: unknown
  readonly onRetry?: (() => void) | undefined
}

export function ErrorAlert({ error, onRetry, ...context }: ErrorAlertProps) {
  const { title, description, kind } = errorMessageOf(error, context)
  const action =
    kind === 'credentials' ? (
      <Button onClick={() => setAccessKey(undefined)}>Sign in again</Button>
    ) : (
      onRetry && <Button onClick={onRetry}>Retry</Button>
    )
  return (
    <Alert type={kind === 'unreachable' ? 'warning' : 'error'} header={title} action={action}>
      {description}
    </Alert>
  )
}
