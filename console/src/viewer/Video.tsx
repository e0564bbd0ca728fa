/** Videos by the browser's own player; where it cannot play one, the word for that. */
import Alert from '@cloudscape-design/components/alert'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { fetchFrame } from './frames/fetch-frame.ts'
import type { StackImage } from './stack/stack.ts'
import { unplayableReason } from './video.ts'

interface VideoProps {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly images: readonly StackImage[]
}

export function Video({ images, ...imageSet }: VideoProps) {
  return (
    <SpaceBetween size="m">
      {images.map((image, at) => (
        <OneVideo key={image.key} {...imageSet} image={image} name={`Video ${at + 1} of ${images.length}`} />
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
  const [isRefused, setRefused] = useState(false)
  const reason = unplayableReason(image)
  const { data, error, refetch } = useQuery({
    queryKey: ['video', imageSet.datastoreId, imageSet.imageSetId, image.key],
    queryFn: ({ signal }) => fetchFrame(client, { ...imageSet, imageFrameId: image.frame!.ID, signal }),
    enabled: reason === undefined,
    gcTime: 0,
  })
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    if (data === undefined) return
    // What the player takes is found out from the bytes; the service's own name for HEVC is none that it knows.
    const made = URL.createObjectURL(new Blob([data.bytes], { type: 'video/mp4' }))
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [data])
  if (reason !== undefined || isRefused) {
    const words = reason ?? 'The browser does not play what it is made of. The AWS CLI fetches it with get-image-frame.'
    return (
      <Alert type="info" header={`${name} cannot be shown`}>
        {words}
      </Alert>
    )
  }
  if (error) return <ErrorAlert error={error} onRetry={() => refetch()} />
  if (address === undefined) return <Loading what="the video" />
  // biome-ignore lint/a11y/useMediaCaption: a recording of an examination has no words to it.
  return <video className="viewer-video" controls src={address} aria-label={name} onError={() => setRefused(true)} />
}
