/** What failed of a task on many image sets, and why. */
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import Pagination from '@cloudscape-design/components/pagination'
import Table from '@cloudscape-design/components/table'
import { useState } from 'react'
import { InfoDialog } from '../components/InfoDialog.tsx'
import { formatCount, formatNumber } from '../format/size.ts'
import { hrefTo } from '../location.ts'
import { CopyIds } from '../tables/CopyIds.tsx'
import { TASKS } from './task-texts.ts'
import type { Task } from './tasks.ts'

const PAGE_SIZE = 10

export function FailuresDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const { datastoreId, progress } = task
  const { failures, failed } = progress
  const [page, setPage] = useState(1)
  const pages = Math.max(1, Math.ceil(failures.length / PAGE_SIZE))
  return (
    <InfoDialog
      title={`${formatCount(failed, 'image set')} not ${TASKS[task.kind].done}`}
      size="large"
      onClose={onClose}
      actions={<CopyIds ids={failures.map(({ id }) => id)} name="image set IDs" />}
    >
      <Table
        variant="embedded"
        wrapLines
        columnDefinitions={[
          {
            id: 'imageSet',
            header: 'Image set ID',
            isRowHeader: true,
            cell: ({ id }) => (
              <Link href={hrefTo(`datastores/${datastoreId}/image-sets/${id}`)} onFollow={onClose}>
                {id}
              </Link>
            ),
          },
          { id: 'reason', header: 'Reason', cell: ({ reason }) => reason },
        ]}
        items={failures.slice((page - 1) * PAGE_SIZE, page * PAGE_SIZE)}
        trackBy="id"
        header={
          failed > failures.length && <Header variant="h3">The first {formatNumber(failures.length)} of them</Header>
        }
        pagination={
          pages > 1 && (
            <Pagination
              currentPageIndex={page}
              pagesCount={pages}
              onChange={({ detail }) => setPage(detail.currentPageIndex)}
            />
          )
        }
      />
    </InfoDialog>
  )
}
