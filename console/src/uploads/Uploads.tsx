/** The place of the tray of uploads, on all pages. Both are loaded with the first upload. */
import type { QueryClient } from '@tanstack/react-query'
import { lazy, Suspense, useSyncExternalStore } from 'react'
import type { Api } from '../api.ts'
import { isTrayOpen, onTrayChange } from './tray-state.ts'

const UploadTray = lazy(async () => ({ default: (await import('./UploadTray.tsx')).UploadTray }))

/** @param api undefined when the person has signed out */
export function Uploads(props: { api: Api | undefined; queries: QueryClient | undefined }) {
  const isOpen = useSyncExternalStore(onTrayChange, isTrayOpen)
  return (
    isOpen && (
      <Suspense>
        <UploadTray {...props} />
      </Suspense>
    )
  )
}
