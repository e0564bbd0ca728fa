// npm run build: builds dist/ from scratch, with the console and the bill of materials.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, buildConsole, compile, installConsole, ROOT } from './bootstrap.mjs'
import { writeSboms } from './sbom.mjs'

const node = bootstrap()
rmSync(join(ROOT, 'dist'), { recursive: true, force: true })
compile(node)
installConsole(node)
buildConsole(node)
writeSboms(join(ROOT, 'dist', 'sbom'))
