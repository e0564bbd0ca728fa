/** What was done, said at the top of whatever page comes next, until the person dismisses it. */
import Flashbar, { type FlashbarProps } from '@cloudscape-design/components/flashbar'
import { createContext, type ReactNode, useCallback, useContext, useState } from 'react'

type Tell = (notice: { readonly type: 'success' | 'error' | 'info'; readonly text: ReactNode }) => void

const TellContext = createContext<Tell>(() => {})
const NoticesContext = createContext<readonly FlashbarProps.MessageDefinition[]>([])

export const useTell = (): Tell => useContext(TellContext)

let count = 0

export function NoticesProvider({ children }: { children: ReactNode }) {
  const [items, setItems] = useState<readonly FlashbarProps.MessageDefinition[]>([])
  const tell = useCallback<Tell>(({ type, text }) => {
    count += 1
    const id = String(count)
    const onDismiss = () => setItems((before) => before.filter((item) => item.id !== id))
    setItems((before) => [
      ...before,
      { id, type, content: text, dismissible: true, dismissLabel: 'Dismiss', onDismiss },
    ])
  }, [])
  return (
    <TellContext value={tell}>
      <NoticesContext value={items}>{children}</NoticesContext>
    </TellContext>
  )
}

export function Notices() {
  return <Flashbar items={useContext(NoticesContext)} />
}
