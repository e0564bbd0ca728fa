/** Routes that make a one-time link into the console, exchange it for session credentials, and end sessions. */
import type { App } from '../../app.ts'
import { isProtected } from '../http/request-origin.ts'
import { redeemLink, sessionReply } from './redeem-link.ts'
import { type HilumRoute, jsonReply, NO_CONTENT, onAll } from './route.ts'

/** Takes unsigned requests: a browser that opens a link has no key yet. */
export const REDEEM_PATH = '/hilum/console-link/redeem'

export function linkRoutes(app: App): readonly HilumRoute[] {
  return [
    {
      http: 'POST /hilum/console-link',
      needs: onAll('hilum:CreateConsoleLink'),
      async answer({ caller: { signInKeyId, renewableUntil }, request }) {
        // One that was asked for through the network with TLS works there; every other one only on the machine of the server.
        const from = { now: app.clock(), isLocal: !isProtected(request) }
        const { token, expiresAt } = await app.consoleLinks.make({ signInKeyId, renewableUntil }, from)
        return jsonReply({ token, expiresAt: expiresAt / 1000 })
      },
    },
    {
      http: 'POST /hilum/session',
      // As GetSessionToken of AWS: a session can do no more than its caller.
      needs: () => [{ action: 'hilum:CreateSession', resource: '*', isAllowedByDefault: true }],
      answer: async ({ caller }) => jsonReply(sessionReply(app.callers.startSession(caller))),
    },
    {
      http: 'DELETE /hilum/sessions',
      needs: () => [{ action: 'hilum:EndSessions', resource: '*', isAllowedByDefault: true }],
      async answer({ caller }) {
        await app.catalog.access.endSessions(caller.id, app.clock())
        await app.callers.refresh()
        return NO_CONTENT
      },
    },
    {
      http: `POST ${REDEEM_PATH}`,
      isUnsigned: true,
      answer: async (request) => jsonReply(await redeemLink(request, app)),
    },
  ]
}
