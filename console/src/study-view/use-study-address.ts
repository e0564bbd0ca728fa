/** The state of a study view, which starts from the URL and is written to it. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { hrefTo, navigate, useLocation } from '../location.ts'
import {
  type Layout,
  PANES,
  type PaneAddress,
  type PaneDisplay,
  type StudyAddress,
  studyAddressOf,
  studyFragment,
} from './study-address.ts'

/** Browsers limit how often the URL may change. */
const WRITE_DELAY_MS = 400

export interface StudyState extends StudyAddress {
  /** Changes when the URL was changed by something else than the view: the panes start from it again. */
  readonly generation: number
  /** The index of a pane. */
  readonly active: number
}

export function useStudyAddress() {
  const { path, fragment } = useLocation()
  const written = useRef(fragment)
  /** How each pane shows its image, which changes with every step. */
  const shown = useRef<(PaneDisplay | undefined)[]>([])
  const timeout = useRef<ReturnType<typeof setTimeout>>(undefined)
  const [state, setState] = useState<StudyState>(() => ({ ...studyAddressOf(fragment), generation: 0, active: 0 }))
  const latest = useRef({ state, path })
  latest.current = { state, path }

  const write = useCallback(() => {
    clearTimeout(timeout.current)
    const { state, path } = latest.current
    const panes = state.panes.map((pane, index) => pane && { ...pane, ...shown.current[index] })
    const next = studyFragment({ layout: state.layout, panes })
    if (next === written.current) return
    written.current = next
    navigate(hrefTo(path, next), { replace: true })
  }, [])
  const writeSoon = useCallback(() => {
    clearTimeout(timeout.current)
    timeout.current = setTimeout(write, WRITE_DELAY_MS)
  }, [write])
  useEffect(() => () => clearTimeout(timeout.current), [])
  useEffect(() => {
    if (fragment === written.current) return
    written.current = fragment
    shown.current = []
    setState(({ generation }) => ({ ...studyAddressOf(fragment), generation: generation + 1, active: 0 }))
  }, [fragment])
  useEffect(() => {
    if (state.panes.length > 0) writeSoon()
  }, [state, writeSoon])

  return {
    state,
    /** Brings the URL up to date at once. */
    write,
    setShown: useCallback(
      (pane: number, next: PaneDisplay) => {
        shown.current[pane] = next
        writeSoon()
      },
      [writeSoon],
    ),
    setActive: useCallback((active: number) => setState((now) => ({ ...now, active })), []),
    setLayout: useCallback((layout: Layout) => {
      shown.current.length = Math.min(shown.current.length, PANES[layout])
      setState((now) => ({
        ...now,
        layout,
        panes: keptPanes(now, { shown: shown.current, count: PANES[layout] }),
        active: Math.min(now.active, PANES[layout] - 1),
      }))
    }, []),
    setPane: useCallback((pane: number, address: PaneAddress) => {
      shown.current[pane] = undefined
      setState((now) => ({ ...now, panes: withPane(now.panes, pane, address), active: pane }))
    }, []),
    /** Opens a series beside the active pane. */
    openBeside: useCallback((address: PaneAddress) => {
      setState((now) => {
        const layout = now.layout === '1x1' ? '1x2' : now.layout
        const pane = (now.active + 1) % PANES[layout]
        shown.current[pane] = undefined
        const panes = keptPanes(now, { shown: shown.current, count: PANES[layout] })
        return { ...now, layout, panes: withPane(panes, pane, address), active: pane }
      })
    }, []),
  }
}

/** With what each pane shows, from which it starts again when it is moved. */
const keptPanes = (
  { panes }: StudyAddress,
  { shown, count }: { shown: readonly (PaneDisplay | undefined)[]; count: number },
): StudyAddress['panes'] => panes.slice(0, count).map((pane, index) => pane && { ...pane, ...shown[index] })

const withPane = (panes: StudyAddress['panes'], at: number, address: PaneAddress): StudyAddress['panes'] =>
  Array.from({ length: Math.max(panes.length, at + 1) }, (_, index) => (index === at ? address : panes[index]))
