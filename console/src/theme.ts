/** Light or dark mode: the system's until the person chooses one, which local storage keeps. */
import { applyMode, Mode } from '@cloudscape-design/global-styles'
import { useState } from 'react'

const STORAGE_KEY = 'hilum.theme'
const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)')

const isDark = (): boolean =>
  (window.localStorage.getItem(STORAGE_KEY) ?? (systemIsDark.matches ? 'dark' : 'light')) === 'dark'

const apply = (): void => {
  applyMode(isDark() ? Mode.Dark : Mode.Light)
  document.documentElement.style.colorScheme = isDark() ? 'dark' : 'light'
}

export function startTheme(): void {
  apply()
  systemIsDark.addEventListener('change', apply)
}

export function useTheme(): { readonly isDark: boolean; toggle(): void } {
  const [dark, setDark] = useState(isDark)
  const toggle = () => {
    window.localStorage.setItem(STORAGE_KEY, dark ? 'light' : 'dark')
    apply()
    setDark(!dark)
  }
  return { isDark: dark, toggle }
}
