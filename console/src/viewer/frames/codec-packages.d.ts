/** The packages of codecs bring no types. */
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  // biome-ignore lint/suspicious/noExplicitAny: what the module has inside is said where it is used.
  const open: (options: object) => Promise<any>
  export default open
}
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const open: (options: object) => Promise<any>
  export default open
}
