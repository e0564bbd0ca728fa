/** What the owner of a KMS key does so that Hilum can use it again. Errors of refused keys link here. */
import Box from '@cloudscape-design/components/box'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { CodeBlock } from '../components/CodeBlock.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { useLocation } from '../location.ts'

const TITLE = 'KMS keys of data stores'

const CASES: readonly { readonly title: string; readonly text: string; readonly commands: readonly string[] }[] = [
  {
    title: "The policy of the key doesn't grant the service",
    text: 'Write the policy to a file, add the statement from the message to its list "Statement", and put the policy back. It takes effect at once.',
    commands: ['hilum keys get-policy KEY > policy.json', 'hilum keys put-policy KEY policy.json'],
  },
  {
    title: 'The key is disabled, or its deletion is scheduled',
    text: 'Enabling the key also cancels a scheduled deletion. After the date of the deletion nobody can read the data store any more.',
    commands: ['hilum keys enable KEY'],
  },
  {
    title: "The key doesn't exist",
    text: 'The key was deleted, or the server uses another key ring or key service than before. Start it with the one that has the key.',
    commands: ['hilum keys list'],
  },
]

/** The ARN of the refused key is the fragment. */
export function EncryptionKeysPage() {
  const { fragment } = useLocation()
  const key = fragment.startsWith('arn:') ? fragment : 'KEY'
  return (
    <PageLayout title={TITLE} breadcrumbs={[{ text: TITLE, href: '' }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          description="A data store that was created with a KMS key can be read and changed only while that key grants it. The data stays as it is."
        >
          {TITLE}
        </Header>
        {CASES.map(({ title, text, commands }) => (
          <Container key={title} header={<Header variant="h2">{title}</Header>}>
            <SpaceBetween size="xs">
              <Box>{text}</Box>
              <CodeBlock
                text={commands.join('\n').replaceAll('KEY', key)}
                name={commands.length === 1 ? 'command' : 'commands'}
              />
            </SpaceBetween>
          </Container>
        ))}
        <Box color="text-body-secondary">
          {key === 'KEY' && 'KEY is the ARN of the key. '}Run the commands on the server, with the same settings. For a
          key in AWS KMS, the KMS console does the same.
        </Box>
      </SpaceBetween>
    </PageLayout>
  )
}
