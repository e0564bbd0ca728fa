/** GetImageFrame for the viewer: the bytes of one frame, or the beginning of them that is a smaller image (docs/extensions.md). */
import { GetImageFrameCommand, type MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { withHeaders, responseHeader } from '../../api.ts'

interface FrameToFetch {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly imageFrameId: string
  /** The least width of a smaller image; undefined for the whole frame. */
  readonly columnsMin?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface FetchedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly skippedResolutions: number
}

export async function fetchFrame(client: MedicalImagingClient, wanted: FrameToFetch): Promise<FetchedFrame> {
  const { datastoreId, imageSetId, imageFrameId, columnsMin, signal } = wanted
  const command = new GetImageFrameCommand({ datastoreId, imageSetId, imageFrameInformation: { imageFrameId } })
  if (columnsMin !== undefined) withHeaders(command, { 'x-hilum-min-width': String(columnsMin) })
  const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal })
  const bytes = (await answer.imageFrameBlob!.transformToByteArray()) as Uint8Array<ArrayBuffer>
  return {
    bytes,
    contentType: answer.contentType ?? '',
    skippedResolutions: Number(responseHeader(answer, 'x-hilum-skipped-resolutions') ?? 0),
  }
}
