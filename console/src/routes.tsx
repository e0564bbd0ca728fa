/** The pages of the console and their paths below /console/. Pages that a search doesn't need are loaded on demand. */
import type { ComponentType } from 'react'
import { LoadingPage } from './components/LoadingPage.tsx'
import { lazyComponent } from './components/lazy-component.tsx'
import { DatastorePage } from './pages/DatastorePage.tsx'
import { DatastoresPage } from './pages/DatastoresPage.tsx'
import { NotFoundPage } from './pages/NotFoundPage.tsx'

/** @param title the heading until the page is loaded */
const lazyPage = <Props extends object>(title: string, load: () => Promise<ComponentType<Props>>) =>
  lazyComponent(load, { loading: <LoadingPage title={title} /> })

const CreateDatastorePage = lazyPage(
  'Create data store',
  async () => (await import('./pages/CreateDatastorePage.tsx')).CreateDatastorePage,
)
const ImageSetPage = lazyPage('Image set', async () => (await import('./pages/ImageSetPage.tsx')).ImageSetPage)
const StudyPage = lazyPage('Study', async () => (await import('./pages/StudyPage.tsx')).StudyPage)
const ImportPage = lazyPage('Import DICOM data', async () => (await import('./pages/ImportPage.tsx')).ImportPage)
const ImportJobPage = lazyPage('Import job', async () => (await import('./pages/ImportJobPage.tsx')).ImportJobPage)
const PrincipalsPage = lazyPage('Principals', async () => (await import('./pages/PrincipalsPage.tsx')).PrincipalsPage)
const EncryptionKeysPage = lazyPage(
  'KMS keys of data stores',
  async () => (await import('./pages/EncryptionKeysPage.tsx')).EncryptionKeysPage,
)
const PoliciesPage = lazyPage('Policies', async () => (await import('./pages/PoliciesPage.tsx')).PoliciesPage)
const AuditPage = lazyPage('Audit log', async () => (await import('./pages/AuditPage.tsx')).AuditPage)
const BackupPage = lazyPage('Backup', async () => (await import('./pages/BackupPage.tsx')).BackupPage)
const VerificationPage = lazyPage(
  'Verification',
  async () => (await import('./pages/VerificationPage.tsx')).VerificationPage,
)

type Parameters = Readonly<Record<string, string>>
// biome-ignore lint/suspicious/noExplicitAny: each page takes the parameters of its own path.
type Page = ComponentType<any>

/** The first match wins. */
const ROUTES: readonly { readonly path: string; readonly page: Page }[] = [
  { path: '', page: DatastoresPage },
  { path: 'principals', page: PrincipalsPage },
  { path: 'policies', page: PoliciesPage },
  { path: 'encryption-keys', page: EncryptionKeysPage },
  { path: 'audit', page: AuditPage },
  { path: 'backup', page: BackupPage },
  { path: 'verification', page: VerificationPage },
  { path: 'create', page: CreateDatastorePage },
  { path: 'datastores/:datastoreId', page: DatastorePage },
  { path: 'datastores/:datastoreId/image-sets/:imageSetId', page: ImageSetPage },
  { path: 'datastores/:datastoreId/studies/:studyInstanceUID', page: StudyPage },
  { path: 'datastores/:datastoreId/import', page: ImportPage },
  { path: 'datastores/:datastoreId/imports/:jobId', page: ImportJobPage },
  { path: 'datastores/:datastoreId/:tab', page: DatastorePage },
]

interface MatchedRoute {
  readonly page: Page
  readonly parameters: Parameters
  /** Identifies the resource shown: another one remounts the page, another tab doesn't. */
  readonly key: string
}

export function routeOf(path: string): MatchedRoute {
  for (const route of ROUTES) {
    const parameters = parametersOf(route.path.split('/'), path.split('/'))
    if (parameters === undefined) continue
    const { tab: _, ...resource } = parameters
    const kind = ROUTES.findIndex(({ page }) => page === route.page)
    return { page: route.page, parameters, key: [kind, ...Object.values(resource)].join('/') }
  }
  return { page: NotFoundPage, parameters: {}, key: path }
}

function parametersOf(pattern: readonly string[], path: readonly string[]): Parameters | undefined {
  if (pattern.length !== path.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, segment] of pattern.entries()) {
    if (segment.startsWith(':')) parameters[segment.slice(1)] = path[index]!
    else if (segment !== path[index]) return undefined
  }
  return parameters
}
