/** Plays videos with the browser's player, or shows why it can't. */
import Alert from '@cloudscape-design/components/alert'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { SaveButton } from '../objects/SaveButton.tsx'
import { fetchFrame } from './frames/fetch-frame.ts'
import type { StackImage } from './stack/stack.ts'
import { textOf } from './stack/values.ts'
import { isTooLarge, unplayableReason, videoEnding } from './video.ts'

interface VideoProps {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly images: readonly StackImage[]
}

export function Video({ images, ...imageSet }: VideoProps) {
  return (
    <SpaceBetween size="m">
      {images.map((image, index) => (
        <OneVideo key={image.key} {...imageSet} image={image} name={`Video ${index + 1} of ${images.length}`} />
      ))}
    </SpaceBetween>
  )
}

function OneVideo({
  image,
  name,
  ...imageSet
}: Omit<VideoProps, 'images'> & { readonly image: StackImage; readonly name: string }) {
  const { client } = useApi()
  const [hasFailed, setFailed] = useState(false)
  const reason = unplayableReason(image)
  const { data, error, refetch } = useQuery({
    queryKey: ['video', imageSet.datastoreId, imageSet.imageSetId, image.key],
    queryFn: ({ signal }) => fetchFrame(client, { ...imageSet, imageFrameId: image.frame!.ID, signal }),
    enabled: reason === undefined,
    gcTime: 0,
  })
  const [url, setUrl] = useState<string>()
  useEffect(() => {
    if (data === undefined) return
    // Browsers detect the codec from the bytes, and don't support the content type that the service uses for HEVC.
    const objectUrl = URL.createObjectURL(new Blob([data.bytes], { type: 'video/mp4' }))
    setUrl(objectUrl)
    return () => URL.revokeObjectURL(objectUrl)
  }, [data])
  const canDownload = image.frame !== undefined && !isTooLarge(image)
  const download = canDownload && (
    <SaveButton
      text="Download video"
      fileName={`${textOf(image.instance.SOPInstanceUID) || 'video'}.${videoEnding(image)}`}
      bytesOf={async () => (data ?? (await fetchFrame(client, { ...imageSet, imageFrameId: image.frame!.ID }))).bytes}
    />
  )
  if (reason !== undefined || hasFailed) {
    return (
      <Alert type="info" header={`Can't play ${name.toLowerCase()}`} action={download}>
        {reason ?? "This browser can't play the format of the video. Download it."}
      </Alert>
    )
  }
  if (error) return <ErrorAlert error={error} action="load the video" onRetry={() => refetch()} />
  if (url === undefined) return <Loading what="video" />
  return (
    <SpaceBetween size="xs">
      {/* biome-ignore lint/a11y/useMediaCaption: recordings of examinations have no captions. */}
      <video className="viewer-video" controls src={url} aria-label={name} onError={() => setFailed(true)} />
      {download}
    </SpaceBetween>
  )
}
