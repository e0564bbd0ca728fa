/** Shown in place of a page that failed to load or to render. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import { Component, type ReactNode } from 'react'

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state = { error: undefined as unknown }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === undefined) return this.props.children
    // The message of a failed import() differs between browsers, but always contains this word.
    const isImportFailure = error instanceof TypeError && /module/i.test(error.message)
    return (
      <Box padding="xxl">
        <Alert
          type="error"
          header={isImportFailure ? "Can't load this page" : "Can't display this page"}
          action={<Button onClick={() => window.location.reload()}>Reload</Button>}
        >
          {isImportFailure
            ? 'The server might be unreachable, or the console might have been updated. Reload the page.'
            : 'The console encountered an unexpected error. Reload the page.'}
        </Alert>
      </Box>
    )
  }
}
