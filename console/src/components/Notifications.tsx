/** Notifications about finished actions, shown at the top of the page until they are dismissed. */
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'

type Notify = (notification: { readonly type: 'success' | 'error' | 'info'; readonly text: ReactNode }) => void

const NotifyContext = createContext<Notify>(() => {})
const NotificationsContext = createContext<readonly FlashbarProps.MessageDefinition[]>([])

export const useNotify = (): Notify => useContext(NotifyContext)

let lastId = 0

interface NotificationsProviderProps {
  /** Below the others, and not dismissed here: of what still runs. */
  readonly more?: readonly FlashbarProps.MessageDefinition[]
  readonly children: ReactNode
}

export function NotificationsProvider({ more = [], children }: NotificationsProviderProps) {
  const [items, setItems] = useState<readonly FlashbarProps.MessageDefinition[]>([])
  const notify = useCallback<Notify>(({ type, text }) => {
    lastId += 1
    const id = String(lastId)
    const onDismiss = () => setItems((before) => before.filter((item) => item.id !== id))
    setItems((before) => [
      ...before,
      { id, type, content: text, dismissible: true, dismissLabel: 'Dismiss', onDismiss },
    ])
  }, [])
  return (
    <NotifyContext value={notify}>
      <NotificationsContext value={[...items, ...more]}>{children}</NotificationsContext>
    </NotifyContext>
  )
}

export function Notifications() {
  return <Flashbar items={useContext(NotificationsContext)} />
}
