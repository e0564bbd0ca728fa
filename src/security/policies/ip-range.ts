/** IPv4 and IPv6 addresses and CIDR ranges. An IPv4 address that is mapped into IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */

/** Groups of 16 bits: two of an IPv4 address, eight of an IPv6 address. */
type Address = readonly number[]

/** Whether an address is in `10.0.0.0/8`, `2001:db8::/32` or equals an address; undefined for another text. */
export function ipRange(text: string): ((address: string) => boolean) | undefined {
  const [base, length, ...rest] = text.split('/')
  const network = parseAddress(base!)
  if (network === undefined || rest.length > 0) return undefined
  const bits = network.length * 16
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? bits : Number(length)
  if (prefix > bits) return undefined
  const masks = network.map((_, index) => (0xffff << (16 - Math.min(16, Math.max(0, prefix - 16 * index)))) & 0xffff)
  return (address) => {
    const found = parseAddress(address)
    if (found?.length !== network.length) return false
    return masks.every((mask, index) => ((found[index]! ^ network[index]!) & mask) === 0)
  }
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseIPv4(text)
  const groups = parseIPv6(text)
  const isMapped = groups?.every((group, index) => index > 5 || group === (index < 5 ? 0 : 0xffff))
  return isMapped ? groups?.slice(6) : groups
}

function parseIPv4(text: string): Address | undefined {
  const [, ...parts] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text) ?? []
  if (parts.length !== 4 || parts.some((part) => Number(part) > 255 || /^0\d/.test(part))) return undefined
  const [a, b, c, d] = parts.map(Number) as [number, number, number, number]
  return [a * 256 + b, c * 256 + d]
}

function parseIPv6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  return [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])]
}

/** An IPv4 address at the end is two groups. */
function groupsOf(text: string): Address | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const address = part.includes('.') && index === parts.length - 1 ? parseIPv4(part) : undefined
    if (address !== undefined) groups.push(...address)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}
