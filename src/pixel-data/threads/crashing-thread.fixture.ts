/** A frame thread that does what the first byte of a frame says: 1 never ends, 2 traps, 3 ends its thread; any other frame is real work. */
import { parentPort } from 'node:worker_threads'
import './frame-thread.ts'

interface WebAssemblyGlobals {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object) => object
  }
}

/** A module whose start function is `unreachable`. */
const TRAP = Buffer.from('0061736d0100000001040160000003020100080100' + '0a05010300000b', 'hex')

// After the thread's own listener, which only begins its work before it has to wait.
parentPort!.on('message', ({ bytes }: { bytes: Uint8Array }) => {
  while (bytes[0] === 1);
  if (bytes[0] === 2) {
    const { Instance, Module } = (globalThis as unknown as WebAssemblyGlobals).WebAssembly
    new Instance(new Module(TRAP))
  }
  if (bytes[0] === 3) process.exit()
})
