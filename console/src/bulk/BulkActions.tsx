/** The Actions menu of a table of image sets or studies, and the dialogs that it opens. */
import ButtonDropdown, { type ButtonDropdownProps } from '@cloudscape-design/components/button-dropdown'
import { lazy, Suspense, useState } from 'react'
import { useObjectLock } from '../components/use-object-lock.ts'
import { DOWNLOAD_FORMS } from '../download/DownloadMenu.tsx'
import { itemsOfImageSets } from '../download/items-of-image-sets.ts'
import { useDownload } from '../download/use-download.ts'
import { formatCount } from '../format/size.ts'
import type { ChosenImageSets } from './selection.ts'

const DeleteDialog = lazy(async () => ({ default: (await import('./DeleteDialog.tsx')).DeleteDialog }))
const TagDialog = lazy(async () => ({ default: (await import('./TagDialog.tsx')).TagDialog }))
const ExportDialog = lazy(async () => ({ default: (await import('./ExportDialog.tsx')).ExportDialog }))

interface BulkActionsProps {
  readonly datastoreId: string
  /** Undefined until it is loaded. */
  readonly datastoreArn: string | undefined
  /** Undefined without a selection. */
  readonly chosen: ChosenImageSets | undefined
  /** Actions of the table that are not about a selection, or not of this menu. */
  readonly more?: readonly ButtonDropdownProps.Item[]
  onMore?(id: string): void
  /** Something was begun with the selection. */
  onStarted(): void
}

type Dialog = 'delete' | 'tag' | 'export'

export function BulkActions({ datastoreId, datastoreArn, chosen, more = [], onMore, onStarted }: BulkActionsProps) {
  const [dialog, setDialog] = useState<{ readonly id: Dialog; readonly chosen: ChosenImageSets }>()
  const lock = useObjectLock(datastoreArn)
  const downloading = useDownload(datastoreId)
  const unselected = chosen === undefined && { disabled: true, disabledReason: 'Select rows of the table first.' }
  const locked = lock !== undefined && { disabled: true, disabledReason: `The data store is ${lock}.` }
  const items: ButtonDropdownProps.ItemOrGroup[] = [
    {
      text: chosen === undefined ? 'Selection' : `Selection: ${countOf(chosen)}`,
      items: [
        { id: 'delete', text: 'Delete', ...(locked || unselected) },
        { id: 'tag', text: 'Change tags', ...unselected },
        ...DOWNLOAD_FORMS.map(({ id, text }) => ({ id, text: `Download ${text}`, ...unselected })),
        { id: 'export', text: 'Export from the command line', ...unselected },
      ],
    },
    ...(more.length > 0 ? [{ text: 'Table', items: more }] : []),
  ]
  const close = () => setDialog(undefined)
  const common = dialog && {
    ...{ datastoreId, datastoreArn },
    chosen: dialog.chosen,
    onClose: close,
    onStarted() {
      close()
      onStarted()
    },
  }
  return (
    <>
      <ButtonDropdown
        items={items}
        loading={downloading.isStarting}
        loadingText="Preparing the download"
        onItemClick={({ detail: { id } }) => {
          const form = DOWNLOAD_FORMS.find((each) => each.id === id)?.id
          if (form !== undefined && chosen !== undefined) {
            const { signal } = new AbortController()
            void downloading.start(() => itemsOfImageSets(chosen.read(signal)), form)
          } else if (id !== 'delete' && id !== 'tag' && id !== 'export') onMore?.(id)
          else if (chosen !== undefined) setDialog({ id, chosen })
        }}
      >
        Actions
      </ButtonDropdown>
      <Suspense>
        {dialog?.id === 'delete' && <DeleteDialog {...common!} />}
        {dialog?.id === 'tag' && <TagDialog {...common!} />}
        {dialog?.id === 'export' && <ExportDialog {...common!} />}
      </Suspense>
    </>
  )
}

const countOf = ({ what, count }: ChosenImageSets): string =>
  what === 'study' ? (count === 1 ? '1 study' : `${count.toLocaleString()} studies`) : formatCount(count, what)
