/** What a person sees instead of an empty window where a page failed: a fault of ours, or files that a newer build has replaced. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import { Component, type ReactNode } from 'react'

export class Broken extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state = { error: undefined as unknown }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === undefined) return this.props.children
    // Browsers say it in different words; all of them name the module.
    const isMissing = error instanceof TypeError && /module/i.test(error.message)
    return (
      <Box padding="xxl">
        <Alert
          type="error"
          header={isMissing ? 'This part of the console could not be loaded' : 'This page failed'}
          action={<Button onClick={() => window.location.reload()}>Load again</Button>}
        >
          {isMissing
            ? 'The server may be away, or a newer console may have been installed.'
            : 'That is a fault of the console. What was on screen is in the address, and is there again after loading.'}
        </Alert>
      </Box>
    )
  }
}
