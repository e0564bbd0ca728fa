/** The commands that export the selection: the API has no export, and `hilum export` writes DICOM files (docs/export.md). */
import Box from '@cloudscape-design/components/box'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { CodeBlock } from '../components/CodeBlock.tsx'
import { InfoDialog } from '../components/InfoDialog.tsx'
import { ContentsSummary } from './ContentsSummary.tsx'
import type { BulkDialogProps } from './DeleteDialog.tsx'
import { exportCommands } from './export-commands.ts'
import { useContents } from './use-contents.ts'

export function ExportDialog({ datastoreId, chosen, onClose }: BulkDialogProps) {
  const read = useContents(chosen)
  const { contents } = read
  const server = window.location.origin
  return (
    <InfoDialog title="Export from the command line" size="large" onClose={onClose}>
      <SpaceBetween size="m">
        <ContentsSummary {...read} />
        {contents !== undefined && (
          <>
            <Box>
              These commands write the selection as DICOM files to the folder <Box variant="code">export</Box>. Run them
              where <Box variant="code">hilum</Box> is installed, with your access key in the environment. They can be
              run again to resume.
            </Box>
            <CodeBlock text={exportCommands(contents, { what: chosen.what, datastoreId, server })} name="commands" />
          </>
        )}
      </SpaceBetween>
    </InfoDialog>
  )
}
