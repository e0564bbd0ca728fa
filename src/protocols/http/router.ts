/**
 * Finds the route of a request by method and path template, for every protocol. Templates follow Smithy's `@http` trait: `{label}` is one
 * segment, `{label+}` at the end is the rest of the path. The path is matched as received; labels are returned percent-encoded, because a
 * segment may hold an encoded slash.
 */

interface RouteTemplate {
  /** `GET /datastore/{datastoreId}`; the method `*` is every method. */
  readonly http: `${string} /${string}`
}

export interface RouteMatch<Route> {
  readonly route: Route
  /** By label name; '' where the segment is empty. */
  readonly labels: Readonly<Record<string, string>>
}

type FindRoute<Route> = (method: string, path: string) => RouteMatch<Route> | undefined

interface Compiled<Route> {
  readonly route: Route
  readonly segments: readonly Segment[]
}

interface Segment {
  readonly text: string
  readonly kind: 'literal' | 'label' | 'rest'
}

const ANY_METHOD = '*'

/** Routes without a rest label are tried first, those of the request's method before those of every method, else in table order. */
export function createRouter<Route extends RouteTemplate>(routes: readonly Route[]): FindRoute<Route> {
  const bySegmentCount = new Map<string, Compiled<Route>[]>()
  const withRest = new Map<string, Compiled<Route>[]>()
  for (const route of routes) {
    const [method, path] = route.http.split(' ') as [string, string]
    const segments = segmentsOf(path).map(compileSegment)
    const [table, key] =
      segments.at(-1)?.kind === 'rest' ? [withRest, method] : [bySegmentCount, `${method} ${segments.length}`]
    table.set(key, [...(table.get(key) ?? []), { route, segments }])
  }

  return (method, path) => {
    if (!path.startsWith('/')) return undefined
    const segments = segmentsOf(path)
    return (
      firstMatch(bySegmentCount.get(`${method} ${segments.length}`), segments) ??
      firstMatch(bySegmentCount.get(`${ANY_METHOD} ${segments.length}`), segments) ??
      firstMatch(withRest.get(method), segments) ??
      firstMatch(withRest.get(ANY_METHOD), segments)
    )
  }
}

/** The path that was split last: the routers of several protocols are asked about the same. */
let lastSplit: { readonly path: string; readonly segments: readonly string[] } = { path: '', segments: [''] }

function segmentsOf(path: string): readonly string[] {
  if (lastSplit.path !== path) lastSplit = { path, segments: path.slice(1).split('/') }
  return lastSplit.segments
}

function compileSegment(text: string): Segment {
  if (!text.startsWith('{')) return { text, kind: 'literal' }
  return text.endsWith('+}') ? { text: text.slice(1, -2), kind: 'rest' } : { text: text.slice(1, -1), kind: 'label' }
}

function firstMatch<Route>(
  candidates: readonly Compiled<Route>[] | undefined,
  segments: readonly string[],
): RouteMatch<Route> | undefined {
  const found = candidates?.find(({ segments: template }) => hasLiterals(template, segments))
  return found && { route: found.route, labels: labelsOf(found.segments, segments) }
}

function hasLiterals(template: readonly Segment[], segments: readonly string[]): boolean {
  if (segments.length < template.length) return false
  for (let at = 0; at < template.length; at++) {
    const { text, kind } = template[at]!
    if (kind === 'literal' && text !== segments[at]) return false
  }
  return true
}

function labelsOf(template: readonly Segment[], segments: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let at = 0; at < template.length; at++) {
    const { text, kind } = template[at]!
    if (kind === 'rest') labels[text] = segments.slice(at).join('/')
    else if (kind === 'label') labels[text] = segments[at]!
  }
  return labels
}
