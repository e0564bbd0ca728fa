/** What went wrong, and what the person can do: try again, or sign in with another key. */
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import { setAccessKey } from '../session.ts'
import { wordsFor } from '../words.ts'

export function Problem({ error, again }: { error: unknown; again?: (() => void) | undefined }) {
  const { title, advice, kind } = wordsFor(error)
  const action =
    kind === 'key' ? (
      <Button onClick={() => setAccessKey(undefined)}>Sign in again</Button>
    ) : (
      again && <Button onClick={again}>Try again</Button>
    )
  return (
    <Alert type={kind === 'away' ? 'warning' : 'error'} header={title} action={action}>
      {advice}
    </Alert>
  )
}
