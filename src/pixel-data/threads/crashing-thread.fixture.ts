/** A frame thread that fails by the first byte of a frame: 1 never ends, 2 traps, 3 ends the thread. Other frames are transcoded. */
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

// Runs after the listener of frame-thread.ts, which has started its work by then and awaits it.
parentPort!.on('message', ({ bytes }: { bytes: Uint8Array }) => {
  while (bytes[0] === 1);
  if (bytes[0] === 2) {
    const { Instance, Module } = (globalThis as unknown as WebAssemblyGlobals).WebAssembly
    new Instance(new Module(TRAP))
  }
  if (bytes[0] === 3) process.exit()
})
