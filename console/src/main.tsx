/** The console: signs the person in, then draws the page of the address. */
import '@cloudscape-design/global-styles/index.css'
import { I18nProvider } from '@cloudscape-design/components/i18n'
import messages from '@cloudscape-design/components/i18n/messages/all.en'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, Suspense, useEffect, useMemo } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiContext, openApi } from './api.ts'
import { Broken } from './components/Broken.tsx'
import { NoticesProvider } from './components/Notices.tsx'
import { Waiting } from './components/Waiting.tsx'
import { lookAgain } from './look-again.ts'
import { SignInPage } from './pages/SignInPage.tsx'
import { followPlaces, usePlace } from './place.ts'
import { routeOf } from './routes.tsx'
import { useAccessKey } from './session.ts'
import { followTheme } from './theme.ts'

const openQueries = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        // The SDK has tried three times already.
        retry: false,
        refetchOnWindowFocus: false,
        // What is on screen stays, and comes to life by itself.
        refetchInterval: ({ state }) => lookAgain(state),
      },
    },
  })

function Console() {
  const accessKey = useAccessKey()
  const { path, fragment } = usePlace()
  const api = useMemo(() => accessKey && openApi(accessKey), [accessKey])
  // What one key has seen is not the next one's.
  const queries = useMemo(() => (api === undefined ? undefined : openQueries()), [api])
  useEffect(() => () => api?.client.destroy(), [api])

  const token = new URLSearchParams(fragment).get('open')
  if (api === undefined || queries === undefined || token !== null) return <SignInPage token={token ?? undefined} />
  const { page: Page, labels, key } = routeOf(path)
  return (
    <ApiContext value={api}>
      <QueryClientProvider client={queries}>
        <NoticesProvider>
          <Broken key={key}>
            <Suspense fallback={<Waiting what="the page" />}>
              <Page key={key} {...labels} />
            </Suspense>
          </Broken>
        </NoticesProvider>
      </QueryClientProvider>
    </ApiContext>
  )
}

// A file that is dropped where nobody takes it would be opened in place of the console.
for (const type of ['dragover', 'drop']) window.addEventListener(type, (event) => event.preventDefault())
followTheme()
followPlaces()
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <I18nProvider locale="en" messages={[messages]}>
      <Console />
    </I18nProvider>
  </StrictMode>,
)
