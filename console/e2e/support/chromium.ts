/** The paths of Debian's Chromium. Undefined if it isn't installed. */
import { existsSync } from 'node:fs'

/** The whole browser, which has a viewer for PDF and an interface around the page, headless too. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path))

/** The shell without these, which takes a quarter less of the processor's time. The whole browser where the shell isn't installed. */
export const HEADLESS_SHELL = ['/usr/lib/chromium/chromium-headless-shell'].find((path) => existsSync(path)) ?? CHROMIUM
