/** An alert for a failed request, with a button to retry or to sign in with another access key. */
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ErrorContext, type ErrorMessage, errorMessageOf } from '../error-messages.ts'
import { hrefTo } from '../location.ts'
import { signOut } from '../session.ts'
import { CodeBlock } from './CodeBlock.tsx'
import { useOneAlert } from './one-alert.ts'

interface ErrorAlertProps extends ErrorContext {
  readonly error: unknown
  readonly onRetry?: (() => void) | undefined
}

export function ErrorAlert({ error, onRetry, ...context }: ErrorAlertProps) {
  const message = errorMessageOf(error, context)
  // An alert in a form has no Retry, and is always shown.
  const isOfPage = onRetry !== undefined
  const cause = message.kind === 'unreachable' ? message.kind : `${message.title} ${message.description}`
  const { isShown, retryAll } = useOneAlert(isOfPage ? cause : undefined, onRetry)
  if (!isShown) return null
  const action =
    message.kind === 'credentials' ? (
      <Button onClick={signOut}>Sign in again</Button>
    ) : (
      isOfPage && <Button onClick={retryAll}>Retry</Button>
    )
  return (
    <Alert type={message.kind === 'unreachable' ? 'warning' : 'error'} header={message.title} action={action}>
      {message.kind === 'key' ? <KeyRefusal {...message} /> : message.description}
    </Alert>
  )
}

function KeyRefusal({ description, keyArn, statement }: ErrorMessage) {
  return (
    <SpaceBetween size="xs">
      <div className="breaks-anywhere">{description}</div>
      {statement !== undefined && <CodeBlock text={statement} name="statement" />}
      <Link href={hrefTo('encryption-keys', keyArn)}>How to make the key usable again</Link>
    </SpaceBetween>
  )
}
