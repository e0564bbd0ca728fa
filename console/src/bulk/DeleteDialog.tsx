/** Names what would be deleted, asks for a confirmation, and starts the deletion. */
import Box from '@cloudscape-design/components/box'
import { useApi } from '../api.ts'
import { DeleteConfirmation } from '../components/DeleteConfirmation.tsx'
import { formatCount } from '../format/size.ts'
import { ContentsSummary } from './ContentsSummary.tsx'
import { deleteImageSets } from './delete-image-sets.ts'
import type { ChosenImageSets } from './selection.ts'
import { startTask } from './tasks.ts'
import { useContents } from './use-contents.ts'

export interface BulkDialogProps {
  readonly datastoreId: string
  readonly datastoreArn: string | undefined
  readonly chosen: ChosenImageSets
  onStarted(): void
  onClose(): void
}

export function DeleteDialog({ datastoreId, chosen, onStarted, onClose }: BulkDialogProps) {
  const api = useApi()
  const read = useContents(chosen)
  const { contents } = read
  const count = contents?.imageSetIds.length ?? 0
  return (
    <DeleteConfirmation
      resourceType={chosen.what === 'study' ? 'studies' : 'image sets'}
      // The number, so that it is read.
      confirmationText={count === 1 ? 'delete' : `delete ${count}`}
      isReady={count > 0}
      summary={
        <>
          <ContentsSummary {...read} />
          {contents !== undefined && count === 0 && <Box>These image sets have been deleted already.</Box>}
        </>
      }
      consequence={`All versions of ${count === 1 ? 'the image set' : `these ${formatCount(count, 'image set')}`} are deleted, with their metadata and image frames. You can't undo this action.`}
      onDelete={async () => {
        startTask({ kind: 'delete', datastoreId, total: count }, (running) =>
          deleteImageSets(api, { datastoreId, imageSetIds: contents!.imageSetIds }, running),
        )
        onStarted()
      }}
      onClose={onClose}
    />
  )
}
