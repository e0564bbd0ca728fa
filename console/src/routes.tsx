/** Every screen of the console and its address below /console/. What is not needed for a search is loaded when it is wanted. */
import { type ComponentType, lazy } from 'react'
import { later } from './components/later.tsx'
import { DatastorePage } from './pages/DatastorePage.tsx'
import { DatastoresPage } from './pages/DatastoresPage.tsx'
import { NotFoundPage } from './pages/NotFoundPage.tsx'

const CreateDatastorePage = lazy(async () => ({
  default: (await import('./pages/CreateDatastorePage.tsx')).CreateDatastorePage,
}))
const ImageSetPage = later(async () => (await import('./pages/ImageSetPage.tsx')).ImageSetPage)
const ImportPage = lazy(async () => ({ default: (await import('./pages/ImportPage.tsx')).ImportPage }))
const ImportJobPage = lazy(async () => ({ default: (await import('./pages/ImportJobPage.tsx')).ImportJobPage }))

type Labels = Readonly<Record<string, string>>
// biome-ignore lint/suspicious/noExplicitAny: each page names the labels of its own row.
type Page = ComponentType<any>

/** The first that fits. */
const ROUTES: readonly { readonly path: string; readonly page: Page }[] = [
  { path: '', page: DatastoresPage },
  { path: 'create', page: CreateDatastorePage },
  { path: 'datastores/:datastoreId', page: DatastorePage },
  { path: 'datastores/:datastoreId/image-sets/:imageSetId', page: ImageSetPage },
  { path: 'datastores/:datastoreId/import', page: ImportPage },
  { path: 'datastores/:datastoreId/imports/:jobId', page: ImportJobPage },
  { path: 'datastores/:datastoreId/:tab', page: DatastorePage },
]

/** The page of a path, and the parts of the path that it names. `key`: of what it shows; a tab is no other thing. */
export function routeOf(path: string): { readonly page: Page; readonly labels: Labels; readonly key: string } {
  for (const route of ROUTES) {
    const labels = labelsOf(route.path.split('/'), path.split('/'))
    if (labels === undefined) continue
    const { tab: _, ...shown } = labels
    return { page: route.page, labels, key: [route.page.name, ...Object.values(shown)].join('/') }
  }
  return { page: NotFoundPage, labels: {}, key: path }
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
