/** The progress of a task on many image sets, within a notification. */
import ProgressBar from '@cloudscape-design/components/progress-bar'
import { formatCount, formatNumber } from '../format/size.ts'
import { TASKS } from './task-texts.ts'
import type { Task } from './tasks.ts'

export function TaskProgress({ task: { kind, state, total, progress } }: { task: Task }) {
  const { running, noun } = TASKS[kind]
  const handled = progress.done + progress.failed
  const count =
    total === undefined ? formatCount(handled, noun) : `${formatNumber(handled)} of ${formatCount(total, noun)}`
  const notes = [
    progress.failed > 0 && `${formatNumber(progress.failed)} failed.`,
    progress.isWaiting && 'Waiting for the server.',
    state === 'finishing' && 'Waiting until the server has deleted the last of them.',
  ]
  return (
    <ProgressBar
      variant="flash"
      label={running}
      value={total === undefined ? 0 : Math.min(100, (handled / Math.max(1, total)) * 100)}
      additionalInfo={[`${count}.`, ...notes.filter(Boolean)].join(' ')}
    />
  )
}
