/** The bar at the top: home, light or dark, and whose key this tab signs with. */
import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation'
import { addressOf } from '../place.ts'
import { setAccessKey, useAccessKey } from '../session.ts'
import { useTheme } from '../theme.ts'

export function TopBar() {
  const { isDark, toggle } = useTheme()
  const accessKey = useAccessKey()
  const utilities: TopNavigationProps.Utility[] = [
    {
      type: 'button',
      text: isDark ? 'Light' : 'Dark',
      ariaLabel: isDark ? 'Use light colours' : 'Use dark colours',
      onClick: toggle,
    },
  ]
  if (accessKey !== undefined) {
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
          href: addressOf(''),
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
