/** Formats timestamps and durations. */
import { formatFixed } from './size.ts'

const MINUTE = { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const
const TIME = new Intl.DateTimeFormat(undefined, { ...MINUTE, second: '2-digit', timeZoneName: 'short' })
const TO_THE_MINUTE = new Intl.DateTimeFormat(undefined, { ...MINUTE, timeZoneName: 'short' })

/** In the language of the browser and the time zone of this computer, which it names. */
export const formatTime = (time: Date | undefined): string => (time === undefined ? '–' : TIME.format(time))

/** For lists, where the seconds take room that other columns need. */
export const formatMinute = (time: Date | undefined): string => (time === undefined ? '–' : TO_THE_MINUTE.format(time))

export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.max(1, Math.round(ms))} ms`
  return ms < 60_000
    ? `${formatFixed(ms / 1_000, 1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
}

/** Rounded up, so that it isn't 0 while something is left. */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
