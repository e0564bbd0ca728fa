/** The top navigation: a link to the data stores, the color mode, and who is signed in. */
import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation'
import { useContext } from 'react'
import { ApiContext } from '../api.ts'
import { errorMessageOf } from '../error-messages.ts'
import { showKeys } from '../keyboard/shortcuts.ts'
import { hrefTo } from '../location.ts'
import { type AccessKey, signOut, useSession } from '../session.ts'
import { useTheme } from '../theme.ts'
import { maySignOut } from '../uploads/tray-state.ts'
import { useNotify } from './Notifications.tsx'

export function TopBar() {
  const { isDark, toggle } = useTheme()
  const session = useSession()
  const api = useContext(ApiContext)
  const notify = useNotify()
  async function signOutEverywhere() {
    try {
      await api?.request({ method: 'DELETE', path: ['sessions'] })
      signOut()
    } catch (error) {
      const { title, description } = errorMessageOf(error, { action: 'sign out everywhere' })
      notify({ type: 'error', text: `${title}. ${description}` })
    }
  }
  const utilities: TopNavigationProps.Utility[] = [
    {
      type: 'button',
      text: isDark ? 'Light mode' : 'Dark mode',
      ariaLabel: isDark ? 'Use light mode' : 'Use dark mode',
      onClick: toggle,
    },
  ]
  if (session !== undefined && session !== 'looking') {
    utilities.push({ type: 'button', text: 'Access', href: hrefTo('principals') })
    utilities.push({
      type: 'menu-dropdown',
      text: 'Server',
      items: [
        { id: 'audit', text: 'Audit log', href: hrefTo('audit') },
        { id: 'backup', text: 'Backup', href: hrefTo('backup') },
        { id: 'verification', text: 'Verification', href: hrefTo('verification') },
      ],
    })
    utilities.push({
      type: 'menu-dropdown',
      iconName: 'user-profile',
      text: nameOf(session),
      title: nameOf(session),
      ariaLabel: `Account ${nameOf(session)}`,
      items: [
        { id: 'keys', text: 'Keyboard shortcuts' },
        { id: 'sign-out', text: 'Sign out' },
        { id: 'everywhere', text: 'Sign out everywhere' },
      ],
      onItemClick({ detail }) {
        if (detail.id === 'keys') showKeys(true)
        else if (!maySignOut()) return
        else if (detail.id === 'everywhere') void signOutEverywhere()
        else signOut()
      },
    })
  }
  return (
    <div id="top">
      <TopNavigation
        identity={{
          href: hrefTo(''),
          title: 'Hilum',
          logo: { src: `${import.meta.env.BASE_URL}icon.svg`, alt: 'Logo' },
        }}
        utilities={utilities}
        i18nStrings={{
          overflowMenuTriggerText: 'More',
          overflowMenuTitleText: 'All',
          overflowMenuBackIconAriaLabel: 'Back',
          overflowMenuDismissIconAriaLabel: 'Close',
        }}
      />
    </div>
  )
}

/** `arn:aws:iam::123456789012:user/mary` or `arn:aws:iam::123456789012:root`. */
const nameOf = ({ principalArn, accessKeyId }: AccessKey): string =>
  principalArn === undefined ? accessKeyId : (/:user\/(.+)$/.exec(principalArn)?.[1] ?? 'Owner')
