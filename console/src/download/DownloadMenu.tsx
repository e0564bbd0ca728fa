/** The button that downloads DICOM files as a zip archive, with a choice of their transfer syntax. */
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import type { DownloadForm, DownloadItem } from './request-download.ts'
import { useDownload } from './use-download.ts'

export const DOWNLOAD_FORMS: readonly {
  readonly id: DownloadForm
  readonly text: string
  readonly secondaryText: string
}[] = [
  { id: 'explicit', text: 'DICOM files', secondaryText: 'Zip, explicit VR little endian: for every program' },
  { id: 'stored', text: 'DICOM files as stored', secondaryText: 'Zip, usually HTJ2K: smaller, for recent programs' },
]

interface DownloadMenuProps {
  readonly datastoreId: string
  readonly choices: readonly DownloadChoice[]
  /** Where what is around it would cut the menu off. */
  readonly expandToViewport?: boolean
}

export interface DownloadChoice {
  /** `Study`. Undefined where there is one choice. */
  readonly name?: string
  readonly items: readonly DownloadItem[]
}

export function DownloadMenu({ datastoreId, choices, expandToViewport = false }: DownloadMenuProps) {
  const { isStarting, start } = useDownload(datastoreId)
  const entries = choices.map(({ name }, at) => ({
    text: name ?? '',
    items: DOWNLOAD_FORMS.map((form) => ({ ...form, id: `${at}/${form.id}` })),
  }))
  return (
    <ButtonDropdown
      items={entries.length === 1 ? entries[0]!.items : entries}
      loading={isStarting}
      loadingText="Preparing the download"
      expandToViewport={expandToViewport}
      onItemClick={({ detail }) => {
        const [at, form] = detail.id.split('/')
        void start(() => choices[Number(at)]!.items, form as DownloadForm)
      }}
    >
      Download
    </ButtonDropdown>
  )
}
