/** GetImageFrame for the viewer: a whole frame, or the first part of it that is a smaller image (docs/extensions.md). */
import { GetImageFrameCommand, type MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { responseHeader, withHeaders } from '../../api.ts'

interface FrameToFetch {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly imageFrameId: string
  /** The minimum width of a smaller image. Undefined for the whole frame. */
  readonly columnsMin?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface FetchedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
  readonly skippedResolutions: number
}

export async function fetchFrame(client: MedicalImagingClient, frame: FrameToFetch): Promise<FetchedFrame> {
  const { datastoreId, imageSetId, imageFrameId, columnsMin, signal } = frame
  const command = new GetImageFrameCommand({ datastoreId, imageSetId, imageFrameInformation: { imageFrameId } })
  if (columnsMin !== undefined) withHeaders(command, { 'x-hilum-min-width': String(columnsMin) })
  const output = await client.send(command, signal === undefined ? {} : { abortSignal: signal })
  const bytes = (await output.imageFrameBlob!.transformToByteArray()) as Uint8Array<ArrayBuffer>
  return {
    bytes,
    contentType: output.contentType ?? '',
    skippedResolutions: Number(responseHeader(output, 'x-hilum-skipped-resolutions') ?? 0),
  }
}
