/**
 * Downloads by a browser, which can neither sign the request of a link nor keep a large archive in memory: a signed request says what is
 * wanted, and gets a one-time link, which the browser follows. It is read with the permissions that its requester has then.
 */
import type { App } from '../../app.ts'
import type { Downloads, ItemToDownload, WantedDownload } from '../../contract/downloads.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Arns } from '../../security/authorization/arns.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'
import { needsOf } from '../dicomweb/routes.ts'
import { zipReply } from '../dicomweb/zip-reply.ts'
import { invalid, isObject, readObject, textMember } from './json-request.ts'
import { type HilumRoute, jsonReply } from './route.ts'

/** Takes unsigned requests: the token decides. */
export const DOWNLOAD_PATH = '/hilum/downloads/{token}'

export function downloadRoutes(app: App, { describeDownload, openDownload }: Downloads<App>): readonly HilumRoute[] {
  const { downloadItems, downloadLinkMs } = app.limits
  return [
    {
      http: 'POST /hilum/downloads',
      eventName: 'CreateDownload',
      needs: ({ body }, arns) => needsOfDownload(readDownload(body, downloadItems), arns),
      async answer({ caller: { signInKeyId }, body }) {
        const wanted = readDownload(body, downloadItems)
        const described = await describeDownload(wanted, app)
        const { token, expiresAt } = await app.downloadLinks.make(
          { signInKeyId, wanted },
          { now: app.clock(), isLocal: false },
        )
        return jsonReply({ path: `/hilum/downloads/${token}`, expiresAt: expiresAt / 1000, ...described })
      },
    },
    {
      http: `GET ${DOWNLOAD_PATH}`,
      eventName: 'GetDownload',
      isDataEvent: true,
      async redeem({ token }, arns) {
        const requested = await app.downloadLinks.redeem(token!, { now: app.clock(), isLocal: true })
        // The key may have been disabled since the link was made.
        const accessKeyId = requested?.signInKeyId
        const key = accessKeyId && (await app.callers.find({ accessKeyId, sessionToken: undefined }))
        if (!requested || !key) throw unusable(downloadLinkMs)
        const { wanted } = requested
        return {
          caller: key.caller,
          needs: needsOfDownload(wanted, arns),
          async answer() {
            const { fileName, files } = await openDownload(wanted, app)
            const reply = await zipReply({ files }, { fileName, at: app.clock() })
            return { ...reply, headers: { ...reply.headers, ...PRIVATE } }
          },
        }
      },
    },
  ]
}

/** No other site can embed it, and no cache keeps it. */
const PRIVATE = {
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}

/** Those of the requests to DICOMweb for the same. */
const needsOfDownload = ({ datastoreId, items }: WantedDownload, arns: Arns): readonly Need[] =>
  items.flatMap(({ studyInstanceUID: study, seriesInstanceUID: series, imageSetId }) => {
    const labels = { datastoreId, study, ...(series !== undefined && { series }) }
    return needsOf('GetDICOMInstance', labels, { imageSetId, arns })
  })

const unusable = (validMs: number) =>
  new ContractError(
    'AccessDeniedException',
    `This download link has expired or was already used. It works once, within ${validMs / 1000} seconds. Start the download again.`,
  )

const ID = /^[0-9a-z]{32}$/
const UID = /^[0-9.]{1,256}$/
const VERSION = /^[1-9]\d{0,14}$/

/** @throws ContractError ValidationException */
function readDownload(body: Uint8Array, itemsMax: number): WantedDownload {
  const object = readObject(body)
  const { items, transferSyntax } = object
  if (!Array.isArray(items) || items.length === 0) throw invalid('items must be a list of what is to be downloaded.')
  if (items.length > itemsMax)
    throw invalid(`A download has at most ${itemsMax} items. Download them in several parts.`)
  if (transferSyntax !== undefined && transferSyntax !== '*')
    throw invalid('transferSyntax must be * (as stored) or absent (explicit VR little endian).')
  const datastoreId = textMember(object, 'datastoreId')
  if (!ID.test(datastoreId)) throw invalid('datastoreId must be the id of a data store.')
  return { datastoreId, items: items.map(itemOf), transferSyntax: transferSyntax === '*' ? 'stored' : 'default' }
}

function itemOf(item: unknown): ItemToDownload {
  if (!isObject(item)) throw invalid('Each of items must be an object with studyInstanceUID.')
  const member = (name: keyof ItemToDownload, pattern: RegExp, what: string): string | undefined => {
    const value = item[name]
    if (value === undefined || (typeof value === 'string' && pattern.test(value))) return value
    throw invalid(`${name} must be ${what}.`)
  }
  const studyInstanceUID = member('studyInstanceUID', UID, 'digits and dots')
  const seriesInstanceUID = member('seriesInstanceUID', UID, 'digits and dots')
  const imageSetId = member('imageSetId', ID, 'the id of an image set')
  const versionId = member('versionId', VERSION, 'the number of a version')
  if (studyInstanceUID === undefined) throw invalid('Each of items must have studyInstanceUID, a text.')
  if (versionId !== undefined && imageSetId === undefined)
    throw invalid('versionId is only for an item with imageSetId.')
  return { studyInstanceUID, seriesInstanceUID, imageSetId, versionId }
}
