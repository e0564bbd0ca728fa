/** IPv4 and IPv6 addresses and CIDR ranges. An IPv4 address that is mapped into IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */

interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** Whether an address is in `10.0.0.0/8`, `2001:db8::/32` or equals an address; undefined for another text. */
export function ipRange(text: string): ((address: string) => boolean) | undefined {
  const [base, length, ...rest] = text.split('/')
  const network = parseAddress(base!)
  if (network === undefined || rest.length > 0) return undefined
  const { bits, value } = network
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  const shift = BigInt(bits - prefix)
  const wanted = value >> shift
  return (address) => {
    const found = parseAddress(address)
    return found !== undefined && found.bits === bits && found.value >> shift === wanted
  }
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = parseIPv4(text)
    return value === undefined ? undefined : { bits: 32, value }
  }
  const value = parseIPv6(text)
  if (value === undefined) return undefined
  return value >> 32n === 0xffffn ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value }
}

function parseIPv4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const groups = halves.map(groupsOf)
  const [head, tail] = groups
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const all = [...head, ...Array<bigint>(missing).fill(0n), ...(tail ?? [])]
  return all.reduce((value, group) => (value << 16n) | group, 0n)
}

/** Groups of 16 bits; an IPv4 address at the end is two. */
function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return []
  const groups: bigint[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const value = parseIPv4(part)
      if (value === undefined) return undefined
      groups.push(value >> 16n, value & 0xffffn)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}
