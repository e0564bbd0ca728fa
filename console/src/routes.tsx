/** Every screen of the console and its address below /console/. What is not needed for a search is loaded when it is wanted. */
import type { ComponentType } from 'react'
import { DatastorePage } from './pages/DatastorePage.tsx'
import { DatastoresPage } from './pages/DatastoresPage.tsx'
import { NotFoundPage } from './pages/NotFoundPage.tsx'

type Labels = Readonly<Record<string, string>>
// biome-ignore lint/suspicious/noExplicitAny: each page names the labels of its own row.
type Page = ComponentType<any>

const ROUTES: readonly { readonly path: string; readonly page: Page }[] = [
  { path: '', page: DatastoresPage },
  { path: 'datastores/:datastoreId', page: DatastorePage },
]

/** The page of a path, and the parts of the path that it names. */
export function routeOf(path: string): { readonly page: Page; readonly labels: Labels } {
  for (const route of ROUTES) {
    const labels = labelsOf(route.path.split('/'), path.split('/'))
    if (labels !== undefined) return { page: route.page, labels }
  }
  return { page: NotFoundPage, labels: {} }
}

function labelsOf(pattern: readonly string[], path: readonly string[]): Labels | undefined {
  if (pattern.length !== path.length) return undefined
  const labels: Record<string, string> = {}
  for (const [at, part] of pattern.entries()) {
    if (part.startsWith(':')) labels[part.slice(1)] = path[at]!
    else if (part !== path[at]) return undefined
  }
  return labels
}
