/**
 * What runs on many image sets while the person goes on: it continues on other pages of the console, and ends when the tab is closed or
 * signs out. Each can be cancelled; what it did until then stays done.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { NO_PROGRESS, type Progress } from './run-each.ts'

export type TaskKind = 'delete' | 'empty' | 'tag' | 'csv'

export interface Task {
  readonly id: string
  readonly kind: TaskKind
  readonly datastoreId: string
  /** `finishing`: all requests are sent, and the server has not deleted all of them yet. `stopped`: by an error, after which none can succeed. */
  readonly state: 'running' | 'finishing' | 'ended' | 'cancelled' | 'stopped'
  readonly error?: unknown
  readonly total: number | undefined
  readonly progress: Progress
}

export interface RunningTask {
  readonly signal: AbortSignal
  report(progress: Progress): void
  /** All requests are sent. */
  finishing(): void
}

/** The page shows progress so often. */
const SHOWN_EVERY_MS = 200

let tasks: readonly Task[] = []
let shown = tasks
let timer: ReturnType<typeof setTimeout> | undefined
let lastId = 0
const controllers = new Map<string, AbortController>()
const listeners = new Set<() => void>()

export const isRunning = ({ state }: Task): boolean => state === 'running' || state === 'finishing'

function show(): void {
  clearTimeout(timer)
  timer = undefined
  shown = tasks
  for (const listener of listeners) listener()
}

function change(id: string, changes: Partial<Task>): void {
  tasks = tasks.map((task) => (task.id === id ? { ...task, ...changes } : task))
  if (changes.state !== undefined) show()
  else timer ??= setTimeout(show, SHOWN_EVERY_MS)
}

const isFinishing = (id: string): boolean => tasks.some((task) => task.id === id && task.state === 'finishing')

function warnBeforeUnload(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

export function startTask(
  { kind, datastoreId, total }: Pick<Task, 'kind' | 'datastoreId' | 'total'>,
  run: (running: RunningTask) => Promise<unknown>,
): void {
  lastId += 1
  const id = `task-${lastId}`
  const controller = new AbortController()
  controllers.set(id, controller)
  tasks = [...tasks, { id, kind, datastoreId, total, state: 'running', progress: NO_PROGRESS }]
  window.addEventListener('beforeunload', warnBeforeUnload)
  show()
  const running: RunningTask = {
    signal: controller.signal,
    report: (progress) => change(id, isFinishing(id) ? { progress, state: 'running' } : { progress }),
    finishing: () => change(id, { state: 'finishing' }),
  }
  const end = (changes: Pick<Task, 'state'> & { error?: unknown }) => {
    controllers.delete(id)
    if (controllers.size === 0) window.removeEventListener('beforeunload', warnBeforeUnload)
    change(id, changes)
  }
  run(running).then(
    () => end({ state: 'ended' }),
    (error: unknown) => end(controller.signal.aborted ? { state: 'cancelled' } : { state: 'stopped', error }),
  )
}

export const cancelTask = (id: string): void => controllers.get(id)?.abort()

export function dismissTask(id: string): void {
  tasks = tasks.filter((task) => task.id !== id)
  show()
}

/** The tab signs out, or in with another access key. */
export function stopAllTasks(): void {
  for (const controller of controllers.values()) controller.abort()
  tasks = []
  show()
}

export const useTasks = (): readonly Task[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => shown,
  )

const deletes = ({ kind }: Task): boolean => kind === 'delete' || kind === 'empty'

/** Calls `refresh` when a task that deletes image sets of the data store has ended. */
export function useRefreshAfterDeletion(datastoreId: string, refresh: () => void): void {
  const ended = useTasks().filter((task) => task.datastoreId === datastoreId && deletes(task) && !isRunning(task))
  const known = useRef(new Set(ended.map(({ id }) => id)))
  useEffect(() => {
    const fresh = ended.filter(({ id }) => !known.current.has(id))
    for (const { id } of fresh) known.current.add(id)
    if (fresh.length > 0) refresh()
  })
}
