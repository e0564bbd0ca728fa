/** Light or dark: as the system has it until the person chooses, and then as chosen on this machine. */
import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { useState } from 'react'

const PLACE = 'hilum.theme'
const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)')

const isDark = (): boolean =>
  (window.localStorage.getItem(PLACE) ?? (systemIsDark.matches ? 'dark' : 'light')) === 'dark'

const apply = (): void => {
  applyMode(isDark() ? Mode.Dark : Mode.Light)
  document.documentElement.style.colorScheme = isDark() ? 'dark' : 'light'
}

export function followTheme(): void {
  apply()
  systemIsDark.addEventListener('change', apply)
}

export function useTheme(): { readonly isDark: boolean; toggle(): void } {
  const [dark, setDark] = useState(isDark)
  const toggle = () => {
    window.localStorage.setItem(PLACE, dark ? 'light' : 'dark')
    apply()
    setDark(!dark)
  }
  return { isDark: dark, toggle }
}
