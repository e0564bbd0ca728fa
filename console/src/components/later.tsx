/**
 * A page, or a part of one, that is loaded when it is wanted. React's own lazy() keeps its fallback on screen for 300 ms at least,
 * however soon the part is there; this shows it as soon as it can.
 */
import { type ComponentType, useEffect, useState } from 'react'
import { Waiting } from './Waiting.tsx'

export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  { what = 'the page' }: { readonly what?: string } = {},
): ComponentType<Props> {
  let Loaded: ComponentType<Props> | undefined
  return function Later(props: Props) {
    const [failure, setFailure] = useState<unknown>()
    const [, setLoaded] = useState(Loaded !== undefined)
    useEffect(() => {
      if (Loaded !== undefined) return
      load().then((Page) => {
        Loaded = Page
        setLoaded(true)
      }, setFailure)
    }, [])
    if (failure !== undefined) throw failure
    return Loaded === undefined ? <Waiting what={what} /> : <Loaded {...props} />
  }
}
