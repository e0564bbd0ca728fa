/**
 * Where a person was in each entry of the browser's history: how far the page was scrolled, and the link that was followed. Back and
 * Forward return there, as soon as the page has its content again.
 */

interface Place {
  readonly scrollY: number
  /** The href of the link that was followed. */
  readonly href: string | undefined
}

const PLACES_MAX = 100
/** A page that is not as long as before by then is shown from its end. */
const WAIT_MS = 3_000
/** A person who does something in the meantime is not moved. */
const INPUTS = ['wheel', 'pointerdown', 'keydown', 'touchstart'] as const

const places = new Map<string, Place>()

/** @param link the one that was followed; otherwise the one that has the focus */
export function leavePlace(entryId: string, link: Element | null = document.activeElement): void {
  places.delete(entryId)
  const href = link?.closest('#content a')?.getAttribute('href') ?? undefined
  places.set(entryId, { scrollY: window.scrollY, href })
  for (const oldest of places.keys()) {
    if (places.size <= PLACES_MAX) break
    places.delete(oldest)
  }
}

/** @returns a function that stops the attempt */
export function returnToPlace(entryId: string): () => void {
  const place = places.get(entryId)
  if (place === undefined) return () => {}
  const { scrollY, href } = place
  const until = performance.now() + WAIT_MS
  const stop = () => {
    window.cancelAnimationFrame(frame)
    for (const input of INPUTS) window.removeEventListener(input, stop)
  }
  function attempt() {
    const link = href === undefined ? undefined : linkTo(href)
    const isLongEnough = document.documentElement.scrollHeight - window.innerHeight >= scrollY
    const isComplete = isLongEnough && (href === undefined || link !== undefined)
    if (!isComplete && performance.now() < until) {
      frame = window.requestAnimationFrame(attempt)
      return
    }
    stop()
    window.scrollTo(0, scrollY)
    link?.focus({ preventScroll: true })
  }
  let frame = window.requestAnimationFrame(attempt)
  for (const input of INPUTS) window.addEventListener(input, stop)
  return stop
}

const linkTo = (href: string): HTMLElement | undefined =>
  [...document.querySelectorAll<HTMLElement>('#content a')].find((link) => link.getAttribute('href') === href)
