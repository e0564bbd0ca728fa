// npm run build: dist/ from scratch, with nothing left over from sources that are gone.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, compile, ROOT } from './bootstrap.mjs'

const node = bootstrap()
rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
compile(node)
