/** The entry of the console: shows the sign-in page or the page of the current location. */
import '@cloudscape-design/global-styles/index.css'
import { I18nProvider } from '@cloudscape-design/components/i18n'
import messages from '@cloudscape-design/components/i18n/messages/all.en'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, Suspense, useEffect, useMemo } from 'react'
import { createRoot } from 'react-dom/client'
import { type Api, ApiContext, openApi } from './api.ts'
import { TaskNotifications } from './bulk/TaskNotifications.tsx'
import { ErrorBoundary } from './components/ErrorBoundary.tsx'
import { Loading } from './components/Loading.tsx'
import { Shortcuts } from './components/Shortcuts.tsx'
import { interceptLinks, useLocation } from './location.ts'
import { DropTarget } from './pages/DropTarget.tsx'
import { SignInPage } from './pages/SignInPage.tsx'
import { refetchIntervalOf } from './refetch-interval.ts'
import { routeOf } from './routes.tsx'
import { lookForSession, useSession } from './session.ts'
import { startTheme } from './theme.ts'
import { Uploads } from './uploads/Uploads.tsx'

const createQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // The SDK has already retried.
        retry: false,
        refetchOnWindowFocus: false,
        refetchInterval: ({ state }) => refetchIntervalOf(state),
      },
    },
  })

/** Of a sign-in link. */
const tokenOf = (fragment: string): string | null => new URLSearchParams(fragment).get('open')

function Console() {
  const session = useSession()
  const accessKey = session === 'looking' ? undefined : session
  const api = useMemo(() => accessKey && openApi(accessKey), [accessKey])
  // A cache per access key: another key may not see the same resources.
  const queries = useMemo(() => (api === undefined ? undefined : createQueryClient()), [api])
  useEffect(() => () => api?.close(), [api])
  return (
    <>
      <CurrentPage api={api} queries={queries} />
      <Uploads api={api} queries={queries} />
    </>
  )
}

interface CurrentPageProps {
  readonly api: Api | undefined
  readonly queries: QueryClient | undefined
}

function CurrentPage({ api, queries }: CurrentPageProps) {
  const session = useSession()
  const { path, fragment } = useLocation()
  const token = tokenOf(fragment)
  if (session === 'looking') return <Loading what="session" />
  if (api === undefined || queries === undefined || token !== null) return <SignInPage token={token ?? undefined} />
  const { page: Page, parameters, key } = routeOf(path)
  return (
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>
        <TaskNotifications>
          <DropTarget />
          <ErrorBoundary key={key}>
            <Suspense fallback={<Loading what="page" />}>
              <Page key={key} {...parameters} />
            </Suspense>
          </ErrorBoundary>
          <Shortcuts />
        </TaskNotifications>
      </QueryClientProvider>
    </ApiContext>
  )
}

// Without this, the browser would open a file that is dropped outside a drop zone.
for (const type of ['dragover', 'drop']) window.addEventListener(type, (event) => event.preventDefault())
startTheme()
if (tokenOf(window.location.hash.slice(1)) === null) lookForSession()
interceptLinks()
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <I18nProvider locale="en" messages={[messages]}>
      <Console />
    </I18nProvider>
  </StrictMode>,
)
