// npm run build: dist/ from scratch, the console with it, with nothing left over from sources that are gone.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, buildConsole, compile, installConsole, ROOT } from './bootstrap.mjs'

const node = bootstrap()
rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
compile(node)
installConsole(node)
buildConsole(node)
