import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { appConfig } from './app-config.ts'

test('the README has the configuration that the demo serves', () => {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8')
  const shown = appConfig({ root: 'https://hilum.example/datastore/<datastoreId>', token: '<token>' })
  assert.ok(readme.includes(`\`\`\`js\n${shown}\`\`\`\n`))
})
