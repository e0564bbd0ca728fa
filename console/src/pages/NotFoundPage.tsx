/** An address of nothing. */
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import { Frame } from '../components/Frame.tsx'
import { Nothing } from '../components/Nothing.tsx'
import { addressOf } from '../place.ts'

export function NotFoundPage() {
  return (
    <Frame title="No such page">
      <Header variant="h1">There is no such page</Header>
      <Nothing
        title="This address leads nowhere"
        advice="It may have been cut off when it was copied."
        action={<Button href={addressOf('')}>To the data stores</Button>}
      />
    </Frame>
  )
}
