/** Files that are opened ahead: in order, a few at a time, and closed where they are not sent. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openedAhead } from './opened-ahead.ts'

interface File {
  readonly name: string
  readonly sizeBytes: number | undefined
}

function source(files: readonly File[], fails?: string) {
  const made: string[] = []
  const opened: string[] = []
  const closed: string[] = []
  let isClosed = false
  async function* make(): AsyncGenerator<File> {
    try {
      for (const file of files) {
        if (file.name === fails) throw new Error(`${fails} cannot be made`)
        made.push(file.name)
        yield file
      }
    } finally {
      isClosed = true
    }
  }
  async function* open({ name }: File): AsyncGenerator<Uint8Array> {
    opened.push(name)
    try {
      for (let at = 0; at < 4; at++) yield Buffer.from(`${name}${at} `)
    } finally {
      closed.push(name)
    }
  }
  return { files: openedAhead(make(), open), made, opened, closed, isClosed: () => isClosed }
}

const small = (names: string): readonly File[] => [...names].map((name) => ({ name, sizeBytes: 1_000 }))

async function textOf(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of bytes) text += Buffer.from(chunk).toString()
  return text
}

describe('files opened ahead', () => {
  test('are whole and in order', async () => {
    const { files, closed, isClosed } = source(small('abcdefg'))
    let text = ''
    for await (const { bytes } of files) text += await textOf(bytes)
    assert.equal(text, [...'abcdefg'].map((name) => [0, 1, 2, 3].map((at) => `${name}${at} `).join('')).join(''))
    assert.deepEqual([closed, isClosed()], [[...'abcdefg'], true])
  })

  test('are three beside the one that is sent, and large ones are not opened', async () => {
    const given = [...small('a'), { name: 'L', sizeBytes: 3 * 2 ** 20 }, { name: 'U', sizeBytes: undefined }]
    const { files, made, opened } = source([...given, ...small('bcdef')])
    await files.next()
    await setImmediate()
    assert.deepEqual(
      [made, opened],
      [
        ['a', 'L', 'U', 'b'],
        ['a', 'b'],
      ],
    )
    await files.return(undefined)
  })

  test('are closed if the reply is broken off', async () => {
    const { files, opened, closed, isClosed } = source(small('abcdefg'))
    const { value } = await files.next()
    for await (const _ of value!.bytes) break
    await files.return(undefined)
    assert.deepEqual(closed.toSorted(), opened.toSorted())
    assert.ok(opened.length > 1 && isClosed())
  })

  test('that cannot be made fail when their turn comes, and the others are closed', async () => {
    const { files, opened, closed, isClosed } = source(small('abcdefg'), 'c')
    const sent: string[] = []
    await assert.rejects(async () => {
      for await (const { file, bytes } of files) {
        await textOf(bytes)
        sent.push(file.name)
      }
    }, /c cannot be made/)
    assert.deepEqual([sent, isClosed()], [['a', 'b'], true])
    assert.deepEqual(closed.toSorted(), opened.toSorted())
  })
})
