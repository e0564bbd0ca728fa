/** A button that fetches a file and saves it, and reports when that fails. */
import Button from '@cloudscape-design/components/button'
import { useState } from 'react'
import { useNotify } from '../components/Notifications.tsx'
import { errorMessageOf } from '../error-messages.ts'
import { saveFile } from './save-file.ts'

interface SaveButtonProps {
  readonly text: string
  readonly fileName: string
  readonly bytesOf: () => Promise<BlobPart>
}

export function SaveButton({ text, fileName, bytesOf }: SaveButtonProps) {
  const notify = useNotify()
  const [isLoading, setLoading] = useState(false)
  const save = async () => {
    setLoading(true)
    try {
      saveFile(await bytesOf(), fileName)
    } catch (error) {
      const { title, description } = errorMessageOf(error, { action: 'download the file' })
      notify({ type: 'error', text: `${title}. ${description}` })
    }
    setLoading(false)
  }
  return (
    <Button iconName="download" loading={isLoading} onClick={save}>
      {text}
    </Button>
  )
}
