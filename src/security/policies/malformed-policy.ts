/** A policy document that is refused. The message says where, and what is allowed there. */
export class MalformedPolicy extends Error {
  override readonly name = 'MalformedPolicy'

  /** @param place such as `Statement 2 (ReadOnly), Effect`; '' for the whole document */
  constructor(place: string, rule: string) {
    super(`${place === '' ? rule : `${place}: ${rule}`}.`)
  }
}
