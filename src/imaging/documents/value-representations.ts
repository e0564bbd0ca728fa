/**
 * Checks whether a value of a metadata document fits its VR (PS3.5 6.2): lengths, characters, formats and ranges, as decoded text. Files
 * are imported with any values; an update needs force to write a value that does not fit.
 */

import { studyTimestamp } from '../search/study-timestamp.ts'
import { isList, type Json } from './strict-json.ts'

/**
 * Null is empty, which every VR allows. In a list each value must fit, and "" is an empty value in a list of text.
 * @param vrs the VRs to choose from, such as US or SS
 */
export function fitsVR(value: Json, vrs: readonly string[]): boolean {
  const values = isList(value) ? value : [value]
  const isEmpty = (one: Json, vr: string) => one === null || (one === '' && values.length > 1 && SEVERAL_TEXTS.has(vr))
  return vrs.some((vr) => values.every((one) => isEmpty(one, vr) || REPRESENTATIONS[vr]?.(one) === true))
}

/** VRs whose values are separated by backslashes (PS3.5 6.4). Other VRs have values of fixed length, or a single one. */
const SEVERAL_TEXTS = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'PN', 'SH', 'TM', 'UC', 'UI'])

type Representation = (value: Json) => boolean

const text =
  (charactersMax: number, characters: RegExp): Representation =>
  (value) =>
    typeof value === 'string' && isWithin(value, charactersMax) && characters.test(value)

/** Unicode characters, not UTF-16 code units. */
const isWithin = (value: string, charactersMax: number): boolean =>
  value.length <= charactersMax || (value.length <= 2 * charactersMax && [...value].length <= charactersMax)

const integer =
  (bits: number, signed: boolean): Representation =>
  (value) => {
    if (typeof value !== 'bigint' && (typeof value !== 'number' || !Number.isInteger(value))) return false
    const number = BigInt(value)
    return number === (signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number))
  }

/** NaN and infinity are strings in the document (PS3.18 F.2.3). */
const float =
  (greatest: number): Representation =>
  (value) =>
    (typeof value === 'number' && Math.abs(value) <= greatest) ||
    typeof value === 'bigint' ||
    (typeof value === 'string' && ['NaN', 'inf', '-inf'].includes(value))

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const base64 =
  (unitBytes: number): Representation =>
  (value) =>
    typeof value === 'string' &&
    value.length % 4 === 0 &&
    BASE64.test(value) &&
    Buffer.from(value, 'base64').length % unitBytes === 0

const date: Representation = (value) =>
  typeof value === 'string' && studyTimestamp(value, undefined, { strict: true }) !== undefined

const time: Representation = (value) =>
  typeof value === 'string' && studyTimestamp('20000101', value, { strict: true }) !== undefined

const DATE_TIME = /^(\d{4})(\d{2})?(\d{2})?(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?(?:[+-](?:0\d|1[0-4])[0-5]\d)?$/

const dateTime: Representation = (value) => {
  const [, year, month = '01', day = '01', clock] = (typeof value === 'string' && DATE_TIME.exec(value)) || []
  return year !== undefined && studyTimestamp(year + month + day, clock, { strict: true }) !== undefined
}

const decimal: Representation = (value) =>
  typeof value === 'string' &&
  value.trim().length <= 16 &&
  /^ *[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)? *$/.test(value) &&
  Number.isFinite(Number(value))

const integerText: Representation = (value) =>
  typeof value === 'string' &&
  value.trim().length <= 12 &&
  /^ *[+-]?\d+ *$/.test(value) &&
  Number(value) === (Number(value) | 0)

/** Up to three groups of five components; each group has up to 64 characters (PS3.5 6.2.1). */
const personName: Representation = (value) => {
  if (typeof value !== 'string' || !LINE.test(value)) return false
  const groups = value.split('=')
  return groups.length <= 3 && groups.every((group) => isWithin(group, 64) && group.split('^').length <= 5)
}

const LINE = /^[^\0-\x1f\x7f-\x9f\\]*$/
const ASCII_LINE = /^[ -[\]-~]*$/
const PAGE = /^[^\0-\x08\x0b\x0e-\x1f\x7f-\x9f]*$/
const UNLIMITED = Number.POSITIVE_INFINITY

const REPRESENTATIONS: Readonly<Record<string, Representation>> = {
  AE: text(16, ASCII_LINE),
  AS: text(4, /^\d{3}[DWMY]$/),
  AT: text(8, /^[0-9A-F]{8}$/),
  CS: text(16, /^[A-Z0-9 _]*$/),
  DA: date,
  DS: decimal,
  DT: dateTime,
  FD: float(Number.MAX_VALUE),
  FL: float(3.4028234663852886e38),
  IS: integerText,
  LO: text(64, LINE),
  LT: text(10_240, PAGE),
  OB: base64(1),
  OD: base64(8),
  OF: base64(4),
  OL: base64(4),
  OV: base64(8),
  OW: base64(2),
  PN: personName,
  SH: text(16, LINE),
  SL: integer(32, true),
  SS: integer(16, true),
  ST: text(1_024, PAGE),
  SV: integer(64, true),
  TM: time,
  UC: text(UNLIMITED, LINE),
  UI: text(64, /^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/),
  UL: integer(32, false),
  UN: base64(1),
  UR: text(UNLIMITED, /^[!-[\]-~]+$/),
  US: integer(16, false),
  UT: text(UNLIMITED, PAGE),
  UV: integer(64, false),
  SQ: () => true,
}

export const isVR = (vr: string): boolean => Object.hasOwn(REPRESENTATIONS, vr)
