/** Tasks on many image sets as notifications: their progress, how they ended, and the list of what failed. */
import Button from '@cloudscape-design/components/button'
import type { FlashbarProps } from '@cloudscape-design/components/flashbar'
import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react'
import { useApi } from '../api.ts'
import { NotificationsProvider } from '../components/Notifications.tsx'
import { errorMessageOf } from '../error-messages.ts'
import { formatCount, formatNumber } from '../format/size.ts'
import { TASKS } from './task-texts.ts'
import { cancelTask, dismissTask, isRunning, stopAllTasks, type Task, useTasks } from './tasks.ts'

const TaskProgress = lazy(async () => ({ default: (await import('./TaskProgress.tsx')).TaskProgress }))
const FailuresDialog = lazy(async () => ({ default: (await import('./FailuresDialog.tsx')).FailuresDialog }))

/** The notifications of all pages, with those of tasks. All tasks end when the tab signs out. */
export function TaskNotifications({ children }: { children: ReactNode }) {
  const api = useApi()
  const tasks = useTasks()
  const [failuresOf, setFailuresOf] = useState<string>()
  const task = tasks.find(({ id }) => id === failuresOf)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tasks of one access key end with it.
  useEffect(() => stopAllTasks, [api])
  return (
    <NotificationsProvider more={tasks.map((each) => messageOf(each, () => setFailuresOf(each.id)))}>
      {children}
      {task && (
        <Suspense>
          <FailuresDialog task={task} onClose={() => setFailuresOf(undefined)} />
        </Suspense>
      )}
    </NotificationsProvider>
  )
}

function messageOf(task: Task, showFailures: () => void): FlashbarProps.MessageDefinition {
  const { id, progress } = task
  const failures =
    progress.failed > 0 ? (
      <Button onClick={showFailures}>View {formatCount(progress.failed, 'failure')}</Button>
    ) : undefined
  if (isRunning(task)) {
    return {
      id,
      type: 'in-progress',
      loading: true,
      dismissible: false,
      content: (
        <Suspense fallback={TASKS[task.kind].running}>
          <TaskProgress task={task} />
        </Suspense>
      ),
      buttonText: 'Cancel',
      onButtonClick: () => cancelTask(id),
    }
  }
  const type =
    task.state === 'stopped' ? 'error' : progress.failed > 0 || task.state === 'cancelled' ? 'warning' : 'success'
  return {
    ...{ id, type, content: sentenceOf(task), action: failures },
    ...{ dismissible: true, dismissLabel: 'Dismiss', onDismiss: () => dismissTask(id) },
  }
}

function sentenceOf({ kind, state, progress, error }: Task): string {
  const { running, done, noun } = TASKS[kind]
  const counts = `${formatCount(progress.done, noun)} ${done}${progress.failed > 0 ? `, ${formatNumber(progress.failed)} not` : ''}.`
  const again = kind === 'empty' ? ' Start it again to continue.' : ''
  if (state === 'cancelled') return `${running} was cancelled: ${counts}${again}`
  if (state === 'stopped') {
    const { title, description } = errorMessageOf(error)
    return `${running} was stopped: ${counts}${again} ${title}. ${description}`
  }
  return counts
}
