/** The top navigation: a link to the data stores, the color mode, and the access key of this tab. */
import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation'
import { hrefTo } from '../location.ts'
import { setAccessKey, useAccessKey } from '../session.ts'
import { useTheme } from '../theme.ts'

export function TopBar() {
  const { isDark, toggle } = useTheme()
  const accessKey = useAccessKey()
  const utilities: TopNavigationProps.Utility[] = [
    {
      type: 'button',
      text: isDark ? 'Light mode' : 'Dark mode',
      ariaLabel: isDark ? 'Use light mode' : 'Use dark mode',
      onClick: toggle,
    },
  ]
  if (accessKey !== undefined) {
    utilities.push({ type: 'button', text: 'Access', href: hrefTo('principals') })
    utilities.push({
      type: 'menu-dropdown',
      iconName: 'user-profile',
      text: accessKey.accessKeyId,
      title: accessKey.accessKeyId,
      ariaLabel: `Access key ${accessKey.accessKeyId}`,
      items: [{ id: 'sign-out', text: 'Sign out' }],
      onItemClick: () => setAccessKey(undefined),
    })
  }
  return (
    <header id="top">
      <TopNavigation
        identity={{
          href: hrefTo(''),
          title: 'Hilum',
          logo: { src: `${import.meta.env.BASE_URL}icon.svg`, alt: '' },
        }}
        utilities={utilities}
        i18nStrings={{
          overflowMenuTriggerText: 'More',
          overflowMenuTitleText: 'All',
          overflowMenuBackIconAriaLabel: 'Back',
          overflowMenuDismissIconAriaLabel: 'Close',
        }}
      />
    </header>
  )
}
