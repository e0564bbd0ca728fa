/** The study view: the series at the side, and one, two or four of them in panes beside each other. */
import '../viewer/viewer.css'
import './study-view.css'
import Button from '@cloudscape-design/components/button'
import SegmentedControl from '@cloudscape-design/components/segmented-control'
import ToggleButton from '@cloudscape-design/components/toggle-button'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { DownloadMenu } from '../download/DownloadMenu.tsx'
import { formatDate } from '../format/dicom.ts'
import { formatNumber } from '../format/size.ts'
import { hrefTo } from '../location.ts'
import type { ImageReference } from '../objects/key-objects.ts'
import { PresentationList } from '../presentation-state/PresentationList.tsx'
import { SegmentationList } from '../segmentation/SegmentationList.tsx'
import type { Series, Study } from '../studies/fetch-studies.ts'
import { openLoaderPool } from '../viewer/frames/loader-pool.ts'
import { movedPlane, type Plane } from '../viewer/geometry/planes.ts'
import { KeyboardHelp } from '../viewer/KeyboardHelp.tsx'
import { switchFullScreen } from '../viewer/StackViewer.tsx'
import { CACHED_FRAME_BYTES_MAX, IDLE_FRAME_BYTES_MAX, IDLE_LOADERS_MAX } from '../viewer/stack/limits.ts'
import { useOneRow } from '../viewer/use-one-row.ts'
import { downloadsOf } from './downloads-of.ts'
import { imageSetOf } from './image-set-of.ts'
import { displayOf, firstOf } from './pane-display.ts'
import { draggedSeries, isSeriesDragged, SeriesList } from './SeriesList.tsx'
import { type ShownInPane, StudyPane } from './StudyPane.tsx'
import { LAYOUTS, type Layout, PANES, type PaneAddress } from './study-address.ts'
import { useCopyLink } from './use-copy-link.ts'
import { useOverlays } from './use-overlays.ts'
import { useReports } from './use-reports.ts'
import { useStudyAddress } from './use-study-address.ts'
import { type StudySeries, useOtherStudies, useStudySeries } from './use-study-series.ts'

const LAYOUT_LABELS: Readonly<Record<Layout, string>> = { '1x1': '1 × 1', '1x2': '1 × 2', '2x2': '2 × 2' }

const SHORTCUTS = [
  { label: 'N', effect: 'Next series' },
  { label: 'P', effect: 'Previous series' },
  { label: 'L', effect: 'Next layout' },
  { label: 'Z', effect: 'Show one pane only, or all again' },
  { label: 'Enter', effect: 'Open the series of the focused thumbnail in the active pane' },
]

/** Of series that have no images of their own. */
const NOT_IMAGES = ['SR', 'PR', 'KO', 'DOC', 'REG', 'RTSTRUCT', 'RTPLAN']

/** Of the decoded frames of all panes. */
const SHOWN_BYTES_MAX = CACHED_FRAME_BYTES_MAX - IDLE_LOADERS_MAX * IDLE_FRAME_BYTES_MAX

interface ScrollPosition {
  readonly pane: number
  readonly plane: Plane | undefined
}

export function StudyView({ datastoreId, study }: { readonly datastoreId: string; readonly study: string }) {
  const { state, write, setShown, setActive, setLayout, setPane, openBeside } = useStudyAddress()
  const { layout, panes, active, generation } = state
  const [opened, setOpened] = useState<readonly string[]>([])
  const inPanes = panes.flatMap((pane) => pane?.study ?? [])
  const studies = useStudySeries(datastoreId, [...new Set([study, ...inPanes, ...opened])])
  const others = useOtherStudies(datastoreId, studies[0]!)
  const { series, error, retry } = studies[0]!
  const shownSeries = useMemo(() => new Set(panes.flatMap((pane) => pane?.series ?? [])), [panes])

  const [toolbar, setToolbar] = useState<HTMLDivElement | null>(null)
  const toolbarHeight = useRef(0)
  // A pane without images has no tools. Its neighbors stay where they are, so that what is being clicked doesn't move away.
  useLayoutEffect(() => {
    if (toolbar === null) return
    if (toolbar.childElementCount > 0) toolbarHeight.current = toolbar.offsetHeight
    toolbar.style.minHeight = PANES[layout] > 1 ? `${toolbarHeight.current}px` : ''
  })
  const view = useRef<HTMLDivElement>(null)
  const toggleFullScreen = useCallback(() => switchFullScreen(view.current), [])
  const [isLinked, setLinked] = useState(true)
  const [hasLines, setLines] = useState(true)
  /** The planes of all panes when the person linked them: undefined unless series are linked at an offset. */
  const [linkedAt, setLinkedAt] = useState<readonly (Plane | undefined)[]>()
  /** The pane that was double-clicked fills the view. */
  const [maximized, setMaximized] = useState<number>()
  const [scrolled, setScrolled] = useState<ScrollPosition>()
  const [reference, setReference] = useState<ScrollPosition>()
  const [pool] = useState(openLoaderPool)
  useEffect(() => {
    pool.start()
    return () => pool.stop()
  }, [pool])
  const reports = useReports(datastoreId, studies)
  const {
    segmentations,
    omittedCount,
    chosen,
    choose,
    wanted,
    cache,
    states,
    state: presented,
    setState,
  } = useOverlays(datastoreId, studies)
  const overlays = useMemo(
    () => ({ segmentations, chosen, cache, state: presented, wanted }),
    [segmentations, chosen, cache, presented, wanted],
  )
  const shown = useRef<(ShownInPane | undefined)[]>([])

  const first = series?.find(({ modality }) => !NOT_IMAGES.includes(modality)) ?? series?.[0]
  useEffect(() => {
    if (panes.length === 0 && first !== undefined) setPane(0, { series: first.seriesInstanceUID })
  }, [panes.length, first, setPane])
  useEffect(() => setReference({ pane: active, plane: shown.current[active]?.plane }), [active])

  const seriesOf = (pane: PaneAddress): readonly Series[] | undefined =>
    studies.find((each) => each.study === (pane.study ?? study))?.series
  const inActive = panes[active]
  const activeSeries = inActive && seriesOf(inActive)?.find(({ seriesInstanceUID: uid }) => uid === inActive.series)
  const imageSetId = activeSeries && imageSetOf(activeSeries)?.imageSetId
  const downloads = downloadsOf(study, inActive, activeSeries)
  const addressOf = (uid: string, of: string): PaneAddress => ({ series: uid, ...(of !== study && { study: of }) })
  const onShown = useCallback(
    (pane: number, now: ShownInPane) => {
      const before = shown.current[pane]
      shown.current[pane] = now
      setShown(pane, displayOf(now))
      // One pane has no other that follows it: the view isn't rendered for each image.
      const isSame = before?.series === now.series && before.index === now.index && before.plane === now.plane
      if (pane !== active || PANES[layout] === 1 || isSame) return
      setReference({ pane, plane: now.plane })
      const isScrolled = before?.series === now.series && before.index !== now.index
      if (isScrolled) setScrolled({ pane, plane: now.plane })
    },
    [active, layout, setShown],
  )
  const onKey = (index: number, key: string): boolean => {
    const pane = panes[index]
    if (key.toLowerCase() === 'z' && PANES[layout] > 1) {
      toggleMaximized(index)
      return true
    }
    if (key.toLowerCase() === 'l') {
      setMaximized(undefined)
      setLayout(LAYOUTS[(LAYOUTS.indexOf(layout) + 1) % LAYOUTS.length]!)
      return true
    }
    const by = { n: 1, p: -1 }[key.toLowerCase()]
    if (by === undefined || pane === undefined) return false
    const all = seriesOf(pane) ?? []
    const next = all[all.findIndex(({ seriesInstanceUID }) => seriesInstanceUID === pane.series) + by]
    if (next !== undefined) setPane(index, addressOf(next.seriesInstanceUID, pane.study ?? study))
    return true
  }
  /** An image that was chosen in a list: its pane shows it when its series is there. */
  const [openedImage, setOpenedImage] = useState<ImageReference>()
  const openImage = (image: ImageReference) => {
    const at = panes.findIndex((pane) => pane?.series === image.series)
    if (at >= 0) setActive(at)
    else openBeside(addressOf(image.series, image.study || study))
    setOpenedImage({ ...image })
  }
  const nameOfSeries = (uid: string): string | undefined => {
    const found = studies
      .flatMap((each) => each.series ?? [])
      .find(({ seriesInstanceUID }) => seriesInstanceUID === uid)
    return (
      found && [found.number && `Series ${found.number}`, found.modality, found.description].filter(Boolean).join(', ')
    )
  }
  /** Where the person scrolled to in another pane, as seen from this one. */
  const scrolledTo = (index: number): Plane | undefined => {
    if (!isLinked || scrolled?.plane === undefined || scrolled.pane === index) return undefined
    const [from, to] = [linkedAt?.[scrolled.pane], linkedAt?.[index]]
    return from && to ? movedPlane(scrolled.plane, { from, to }) : scrolled.plane
  }
  const toggleMaximized = (index: number) => setMaximized((now) => (now === undefined ? index : undefined))
  const copyLink = useCopyLink(write)
  const isOneRow = useOneRow()
  const openStudy = (other: string) => {
    setOpened((now) => (now.includes(other) ? now : [...now, other]))
    setPending(other)
  }
  // A study that was chosen opens beside the active pane as soon as its series are known.
  const [pending, setPending] = useState<string>()
  const arrived = studies.find((each) => each.study === pending)?.series
  const modality = series?.find(({ seriesInstanceUID }) => seriesInstanceUID === panes[active]?.series)?.modality
  useEffect(() => {
    if (pending === undefined || arrived === undefined) return
    setPending(undefined)
    const next = arrived.find((each) => each.modality === modality) ?? arrived[0]
    if (next !== undefined) openBeside({ series: next.seriesInstanceUID, study: pending })
  }, [pending, arrived, modality, openBeside])

  const isMaximized = maximized !== undefined && maximized < PANES[layout]
  if (error) return <ErrorAlert error={error} onRetry={retry} />
  if (series === undefined) return <Loading what="study" />
  if (series.length === 0) return <p>This data store has no study with this Study Instance UID.</p>
  return (
    <div className="study-view" ref={view}>
      <nav className="study-side" aria-label="Series">
        <SeriesList
          {...{ datastoreId, study, series, shown: shownSeries }}
          onChoose={(uid) => setPane(active, addressOf(uid, study))}
        />
        <MoreSeries of={studies[0]!} />
        {segmentations.length > 0 && <h2 className="study-heading">Segmentations</h2>}
        <SegmentationList {...{ segmentations, chosen, onChoose: choose }} />
        {states.length > 0 && <h2 className="study-heading">Presentation states</h2>}
        {states.length > 0 && (
          <PresentationList
            states={states}
            chosen={presented?.sopInstanceUID}
            onChoose={(next) => {
              setState(next)
              if (next?.images[0] !== undefined) openImage(next.images[0])
            }}
          />
        )}
        {omittedCount > 0 && (
          <p>{`${formatNumber(omittedCount)} more series of segmentations and presentation states are not listed.`}</p>
        )}
        {(others.data?.length ?? 0) > 0 && <h2 className="study-heading">Other studies of this patient</h2>}
        {others.data?.map((other) => (
          <OtherStudy
            key={other.studyInstanceUID}
            {...{ datastoreId, other, shown: shownSeries, onOpen: openStudy }}
            found={studies.find((each) => each.study === other.studyInstanceUID)}
            onChoose={(uid) => setPane(active, addressOf(uid, other.studyInstanceUID))}
          />
        ))}
      </nav>
      <div className="viewer study-main">
        <div className="study-controls">
          <SegmentedControl
            label="Layout"
            selectedId={layout}
            options={LAYOUTS.map((id) => ({ id, text: LAYOUT_LABELS[id] }))}
            onChange={({ detail }) => {
              setMaximized(undefined)
              setLayout(detail.selectedId as Layout)
            }}
          />
          <ToggleButton pressed={isLinked} onChange={({ detail }) => setLinked(detail.pressed)}>
            Link scrolling
          </ToggleButton>
          {PANES[layout] > 1 && (
            <ToggleButton
              pressed={linkedAt !== undefined}
              onChange={({ detail }) => {
                setLinkedAt(detail.pressed ? shown.current.map((each) => each?.plane) : undefined)
                if (detail.pressed) setLinked(true)
              }}
            >
              Link at this position
            </ToggleButton>
          )}
          <ToggleButton pressed={hasLines} onChange={({ detail }) => setLines(detail.pressed)}>
            Reference lines
          </ToggleButton>
          <Button iconName="copy" onClick={() => void copyLink()}>
            Copy link
          </Button>
          <DownloadMenu datastoreId={datastoreId} choices={downloads} expandToViewport={isOneRow} />
          {imageSetId !== undefined && (
            <Button href={hrefTo(`datastores/${datastoreId}/image-sets/${imageSetId}`)}>Open image set</Button>
          )}
        </div>
        <div ref={setToolbar} />
        <div className={`study-panes study-panes-${isMaximized ? '1x1' : layout}`}>
          {Array.from({ length: PANES[layout] }, (_, index) => {
            const pane = panes[index]
            const all = pane && seriesOf(pane)
            const at = all?.findIndex(({ seriesInstanceUID }) => seriesInstanceUID === pane!.series) ?? -1
            const found = all?.[at]
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: the stage in it takes the focus and the keys.
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: a pane is its place.
                key={index}
                className={`study-pane${index === active && PANES[layout] > 1 ? ' study-pane-active' : ''}`}
                hidden={isMaximized && index !== maximized}
                data-pane={index + 1}
                onFocus={() => setActive(index)}
                onPointerDown={() => setActive(index)}
                onDragOver={(event) => isSeriesDragged(event.dataTransfer) && event.preventDefault()}
                onDrop={(event) => {
                  const dragged = draggedSeries(event.dataTransfer)
                  if (dragged !== undefined) setPane(index, addressOf(dragged.series, dragged.study))
                }}
              >
                {pane === undefined && <EmptyPane onChoose={() => setActive(index)} />}
                {pane !== undefined && all === undefined && <Loading what="series" />}
                {all !== undefined && found === undefined && (
                  <p className="study-pane-text">The study has no series with this Series Instance UID.</p>
                )}
                {found !== undefined && (
                  <PaneOfSeries
                    key={`${generation}/${pane!.study ?? ''}/${found.seriesInstanceUID}`}
                    {...{ datastoreId, pane: pane!, index, series: found, all: all!, at, onShown, onKey }}
                    pool={pool}
                    cachedBytesMax={SHOWN_BYTES_MAX / PANES[layout]}
                    savedShapes={reports.shapes}
                    onSave={reports.save}
                    toolbar={index === active ? toolbar : null}
                    scrolledTo={scrolledTo(index)}
                    onDoubleClick={PANES[layout] > 1 ? () => toggleMaximized(index) : undefined}
                    reference={hasLines && reference?.pane !== index ? reference?.plane : undefined}
                    onFullScreen={toggleFullScreen}
                    onOpenImage={openImage}
                    nameOfSeries={nameOfSeries}
                    opened={openedImage}
                    overlays={overlays}
                  />
                )}
              </div>
            )
          })}
        </div>
        <KeyboardHelp more={SHORTCUTS} />
      </div>
    </div>
  )
}

interface PaneOfSeriesProps extends Omit<Parameters<typeof StudyPane>[0], 'neighbors' | 'first' | 'onShown' | 'onKey'> {
  readonly pane: PaneAddress
  readonly index: number
  readonly all: readonly Series[]
  /** Of the series in `all`. */
  readonly at: number
  readonly onShown: (pane: number, shown: ShownInPane) => void
  readonly onKey: (pane: number, key: string) => boolean
}

/** Keeps what a pane is given equal between renders. */
function PaneOfSeries({ pane, index, all, at, onShown, onKey, ...props }: PaneOfSeriesProps) {
  const [first] = useState(() => firstOf(pane))
  const neighbors = useMemo(() => [all[at + 1], all[at - 1]].filter((each) => each !== undefined), [all, at])
  const report = useCallback((shown: ShownInPane) => onShown(index, shown), [onShown, index])
  return <StudyPane {...props} {...{ first, neighbors }} onShown={report} onKey={(key) => onKey(index, key)} />
}

const EmptyPane = ({ onChoose }: { readonly onChoose: () => void }) => (
  <button type="button" className="study-pane-text" onClick={onChoose}>
    Drag a series here, or choose one at the side.
  </button>
)

function MoreSeries({ of: { omitted, listMore } }: { readonly of: StudySeries }) {
  const [isLoading, setLoading] = useState(false)
  if (omitted === '') return null
  const load = async () => {
    setLoading(true)
    await listMore()
    setLoading(false)
  }
  return (
    <div className="study-more">
      <p>{omitted}</p>
      <Button onClick={load} loading={isLoading}>
        List more
      </Button>
    </div>
  )
}

interface OtherStudyProps {
  readonly datastoreId: string
  readonly other: Study
  readonly shown: ReadonlySet<string>
  readonly found: StudySeries | undefined
  readonly onOpen: (study: string) => void
  readonly onChoose: (series: string) => void
}

function OtherStudy({ datastoreId, other, shown, found, onOpen, onChoose }: OtherStudyProps) {
  const { studyInstanceUID: study, studyDate, description, modalities } = other
  const text = [formatDate(studyDate), modalities.join(', '), description].filter(Boolean).join(' · ')
  return (
    <section aria-label={text}>
      <Button variant="inline-link" onClick={() => onOpen(study)}>
        {text || study}
      </Button>
      {found?.error && <ErrorAlert error={found.error} onRetry={found.retry} />}
      {found?.series && <SeriesList {...{ datastoreId, study, series: found.series, shown, onChoose }} />}
      {found && <MoreSeries of={found} />}
    </section>
  )
}
