/** Videos by the browser's own player; where it cannot play one, the word for that. */
import Alert from '@cloudscape-design/components/alert'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useApi } from '../api.ts'
import { Problem } from '../components/Problem.tsx'
import { Waiting } from '../components/Waiting.tsx'
import { fetchFrame } from './frames/fetch-frame.ts'
import type { Picture } from './stack/stack.ts'
import { whyNotPlayed } from './video.ts'

interface VideoProps {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly pictures: readonly Picture[]
}

export function Video({ pictures, ...imageSet }: VideoProps) {
  return (
    <SpaceBetween size="m">
      {pictures.map((picture, at) => (
        <OneVideo key={picture.key} {...imageSet} picture={picture} name={`Video ${at + 1} of ${pictures.length}`} />
      ))}
    </SpaceBetween>
  )
}

function OneVideo({
  picture,
  name,
  ...imageSet
}: Omit<VideoProps, 'pictures'> & { readonly picture: Picture; readonly name: string }) {
  const { client } = useApi()
  const [isRefused, setRefused] = useState(false)
  const reason = whyNotPlayed(picture)
  const { data, error, refetch } = useQuery({
    queryKey: ['video', imageSet.datastoreId, imageSet.imageSetId, picture.key],
    queryFn: ({ signal }) => fetchFrame(client, { ...imageSet, imageFrameId: picture.frame!.ID, signal }),
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
  if (error) return <Problem error={error} again={() => refetch()} />
  if (address === undefined) return <Waiting what="the video" />
  // biome-ignore lint/a11y/useMediaCaption: a recording of an examination has no words to it.
  return <video className="viewer-video" controls src={address} aria-label={name} onError={() => setRefused(true)} />
}
