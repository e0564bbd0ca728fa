/** The codec packages have no types. */
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  // biome-ignore lint/suspicious/noExplicitAny: the types are declared where the module is used.
  const open: (options: object) => Promise<any>
  export default open
}
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const open: (options: object) => Promise<any>
  export default open
}
