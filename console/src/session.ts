/**
 * The session of this browser: one for all tabs of the console. Each tab has it in its own session storage, so that a reload keeps it, and
 * gives it to the others by messages. Nothing that signs requests is in a store that outlives the tabs, or in a cookie.
 */
import { useSyncExternalStore } from 'react'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of session credentials. */
  readonly sessionToken?: string
  /** Seconds since 1970. */
  readonly expiresAt?: number
  /** Whose they are, of session credentials. */
  readonly principalArn?: string
}

/** Renewed credentials keep the `signedInAt` of their sign-in, which names it. Milliseconds since 1970. */
interface SignedIn extends AccessKey {
  readonly signedInAt: number
}

type Message =
  | { readonly kind: 'ask' }
  | { readonly kind: 'session'; readonly session: SignedIn }
  | { readonly kind: 'sign-out'; readonly at: number }

const STORAGE_KEY = 'hilum.access-key'
/** In local storage, for a tab that is restored after the others have signed out. */
const SIGNED_OUT_KEY = 'hilum.signed-out-at'
/** A tab that is busy for longer still gives its session to the sign-in page. */
const ANSWER_MS = 250

const channel = new BroadcastChannel('hilum.session')
const listeners = new Set<() => void>()
const answered = new Set<() => void>()

let current = readStored()
/** As it was at sign-in: another one renders the pages again, its renewal does not. */
let signedIn = current
let isLooking = false

function readStored(): SignedIn | undefined {
  const text = window.sessionStorage.getItem(STORAGE_KEY)
  if (text === null) return undefined
  // A key without a sign-in is one that the tab was given as it is.
  const stored: SignedIn = { signedInAt: 0, ...(JSON.parse(text) as AccessKey) }
  if (stored.signedInAt === 0 || stored.signedInAt > signedOutAt()) return stored
  window.sessionStorage.removeItem(STORAGE_KEY)
  return undefined
}

function signedOutAt(): number {
  return Number(window.localStorage.getItem(SIGNED_OUT_KEY) ?? 0)
}

function store(next: SignedIn | undefined): void {
  current = next
  if (next === undefined) window.sessionStorage.removeItem(STORAGE_KEY)
  else window.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(next))
}

function change(next: SignedIn | undefined): void {
  store(next)
  signedIn = next
  isLooking = false
  for (const listener of listeners) listener()
}

const send = (message: Message): void => channel.postMessage(message)

/** A permanent access key stays in its tab. */
const isShared = ({ sessionToken, expiresAt = 0 }: AccessKey): boolean =>
  sessionToken !== undefined && expiresAt * 1000 > Date.now()

channel.onmessage = ({ data }: MessageEvent<Message>) => {
  switch (data.kind) {
    case 'ask':
      if (current !== undefined && isShared(current)) send({ kind: 'session', session: current })
      break
    case 'session':
      receive(data.session)
      for (const resolve of answered) resolve()
      break
    case 'sign-out':
      if (current !== undefined && current.signedInAt <= data.at) change(undefined)
  }
}

/** The last sign-in counts, and of one sign-in the credentials that are valid for longest. */
function receive(session: SignedIn): void {
  if (session.signedInAt <= signedOutAt()) return
  if (current === undefined || session.signedInAt > current.signedInAt) change(session)
  else if (session.signedInAt === current.signedInAt && session.expiresAt! > current.expiresAt!) store(session)
}

/** Asks the other tabs for their session, and waits for the first answer, but not for long. */
export function askOtherTabs(): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(end, ANSWER_MS)
    function end() {
      window.clearTimeout(timer)
      answered.delete(end)
      resolve()
    }
    answered.add(end)
    send({ kind: 'ask' })
  })
}

/** To be called once, before anything is shown. */
export function lookForSession(): void {
  if (current !== undefined) return
  isLooking = true
  void askOtherTabs().then(() => isLooking && change(undefined))
}

/** `looking` until it is known whether another tab has a session. */
export const useSession = (): AccessKey | 'looking' | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => (isLooking ? 'looking' : signedIn),
  )

/** The newest credentials of the same sign-in. */
export const renewalOf = (key: AccessKey): AccessKey => (signedIn === key && current !== undefined ? current : key)

/** Replaces credentials by their renewal, in all tabs. Requests in flight and the pages stay as they are. */
export function storeRenewed(key: AccessKey, next: AccessKey): void {
  if (signedIn !== key || signedIn === undefined) return
  const renewed = { ...next, signedInAt: signedIn.signedInAt }
  store(renewed)
  send({ kind: 'session', session: renewed })
}

/** Signs in all tabs of this browser, in place of who was signed in. A permanent access key signs in this tab only. */
export function signIn(key: AccessKey): void {
  // The clock of the computer may have been set back.
  const session = { ...key, signedInAt: Math.max(Date.now(), signedOutAt() + 1, (current?.signedInAt ?? 0) + 1) }
  change(session)
  if (isShared(session)) send({ kind: 'session', session })
}

/** Signs out all tabs of this browser. */
export function signOut(): void {
  const at = Math.max(Date.now(), current?.signedInAt ?? 0)
  try {
    window.localStorage.setItem(SIGNED_OUT_KEY, String(at))
  } catch {
    // The tabs that are open are told all the same.
  }
  send({ kind: 'sign-out', at })
  change(undefined)
}
