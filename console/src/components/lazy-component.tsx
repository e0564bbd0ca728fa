/**
 * A component that is loaded on demand. Unlike React's lazy(), which keeps its fallback on screen for at least 300 ms, it is shown as soon
 * as it is loaded.
 */
import { type ComponentType, type ReactNode, useEffect, useState } from 'react'
import { Loading } from './Loading.tsx'

export function lazyComponent<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  { what = 'page', loading = <Loading what={what} /> }: { readonly what?: string; readonly loading?: ReactNode } = {},
): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined
  return function LazyComponent(props: Props) {
    const [error, setError] = useState<unknown>()
    const [, setLoaded] = useState(Loaded !== undefined)
    useEffect(() => {
      if (Loaded !== undefined) return
      load().then((component) => {
        Loaded = component
        setLoaded(true)
      }, setError)
    }, [])
    // For the error boundary.
    if (error !== undefined) throw error
    return Loaded === undefined ? loading : <Loaded {...props} />
  }
}
