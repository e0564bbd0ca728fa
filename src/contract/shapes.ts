/**
 * The type system of the contract: shapes with limits, the place of a member in the HTTP message, and the TypeScript types inferred from
 * both. The terms are Smithy's (https://smithy.io/2.0/spec/).
 */

export interface StringShape<Value extends string = string> {
  readonly kind: 'string'
  readonly min?: number
  readonly max?: number
  /** As in AWS's model; it must match the whole value. */
  readonly pattern?: string
  /** An equivalent pattern without exponential backtracking, where AWS's pattern has it. */
  readonly linearPattern?: string
  readonly values?: readonly Value[]
  /** Never part of an error message: it may identify a patient. */
  readonly sensitive?: true
}
export interface IntegerShape {
  readonly kind: 'integer'
  readonly min?: number
  readonly max?: number
}
export interface BooleanShape {
  readonly kind: 'boolean'
}
/** On the wire, epoch seconds with a fraction (restJson1); internally, milliseconds since 1970 with a fraction. */
export interface TimestampShape {
  readonly kind: 'timestamp'
}
/** Base64 in JSON; internally, bytes. */
export interface BlobShape {
  readonly kind: 'blob'
  readonly min?: number
  readonly max?: number
}
/** The whole HTTP body; only as a payload. */
export interface StreamShape {
  readonly kind: 'stream'
}
export interface ListShape<Item extends Shape = Shape> {
  readonly kind: 'list'
  readonly item: Item
  readonly min?: number
  readonly max?: number
}
export interface MapShape<Key extends StringShape = StringShape, Item extends Shape = Shape> {
  readonly kind: 'map'
  readonly key: Key
  readonly item: Item
}
export interface StructureShape<M extends Members = Members> {
  readonly kind: 'structure'
  readonly members: M
}
/** Exactly one of its members is present. */
export interface UnionShape<M extends UnionMembers = UnionMembers> {
  readonly kind: 'union'
  readonly members: M
}
export type Shape =
  | StringShape
  | IntegerShape
  | BooleanShape
  | TimestampShape
  | BlobShape
  | StreamShape
  | ListShape
  | MapShape
  | StructureShape
  | UnionShape

/** The place of a member in the HTTP message; by default the JSON body. */
export type Place =
  | { readonly in: 'body' }
  | { readonly in: 'label' }
  | { readonly in: 'query'; readonly name?: string }
  | { readonly in: 'header'; readonly name: string }
  | { readonly in: 'payload' }

export interface Member<S extends Shape = Shape, Required extends boolean = boolean> {
  readonly shape: S
  readonly required: Required
  readonly place: Place
}
export type Members = { readonly [name: string]: Shape | Member }
export type UnionMembers = { readonly [name: string]: Shape }

type Sized = { readonly min?: number; readonly max?: number }
type StringLimits = Sized & { readonly pattern?: string; readonly linearPattern?: string; readonly sensitive?: true }

export const string = (limits: StringLimits = {}): StringShape => ({ kind: 'string', ...limits })
export const oneOf = <const V extends string>(...values: readonly V[]): StringShape<V> => ({ kind: 'string', values })
export const integer = (limits: Sized = {}): IntegerShape => ({ kind: 'integer', ...limits })
export const boolean: BooleanShape = { kind: 'boolean' }
export const timestamp: TimestampShape = { kind: 'timestamp' }
export const blob = (limits: Sized = {}): BlobShape => ({ kind: 'blob', ...limits })
export const stream: StreamShape = { kind: 'stream' }
export const listOf = <I extends Shape>(item: I, limits: Sized = {}): ListShape<I> => ({
  kind: 'list',
  item,
  ...limits,
})
export const mapOf = <K extends StringShape, I extends Shape>(key: K, item: I): MapShape<K, I> => ({
  kind: 'map',
  key,
  item,
})
export const structure = <const M extends Members>(members: M): StructureShape<M> => ({ kind: 'structure', members })
export const union = <const M extends UnionMembers>(members: M): UnionShape<M> => ({ kind: 'union', members })

/** A plain shape is a required member of the body. The functions below change that, and nest: `optional(query(string()))`. */
export const memberOf = (member: Shape | Member): Member =>
  'shape' in member ? member : { shape: member, required: true, place: { in: 'body' } }

type ShapeOf<M extends Shape | Member> = M extends Member<infer S, boolean> ? S : M extends Shape ? M : never
type IsRequired<M extends Shape | Member> = M extends Member<Shape, infer R> ? R : true

const placed = <M extends Shape | Member>(member: M, place: Place): Member<ShapeOf<M>, IsRequired<M>> => {
  const { shape, required } = memberOf(member)
  return { shape, required, place } as Member<ShapeOf<M>, IsRequired<M>>
}
export const optional = <M extends Shape | Member>(member: M): Member<ShapeOf<M>, false> => {
  const { shape, place } = memberOf(member)
  return { shape, required: false, place } as Member<ShapeOf<M>, false>
}
export const label = <S extends StringShape>(shape: S) => placed(shape, { in: 'label' })
export const query = <S extends Shape>(shape: S, name?: string) =>
  placed(shape, name === undefined ? { in: 'query' } : { in: 'query', name })
export const header = <S extends StringShape>(shape: S, name: string) => placed(shape, { in: 'header', name })
export const payload = <S extends Shape>(shape: S) => placed(shape, { in: 'payload' })

/** Serialised JSON, which an operation may return in place of a structure. */
export class JsonText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** An immutable structure, or a whole output in the body, that is returned repeatedly: its JSON is cached with it. */
export class Lasting<Structure> {
  readonly structure: Structure
  /** Set by write-value.ts. */
  json: Uint8Array | undefined
  constructor(structure: Structure) {
    this.structure = structure
  }
}

/** The bytes of a stream, sent as they arrive and never buffered as a whole. */
export type Bytes = Uint8Array | AsyncIterable<Uint8Array> | SizedBytes | LentBytes

/** Bytes in a pooled buffer, which is returned when they are sent. */
export interface LentBytes {
  readonly lent: Uint8Array
  giveBack(): void
}

/** A stream of known length, sent with a Content-Length. */
export interface SizedBytes {
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

type Simplify<T> = { [K in keyof T]: T[K] } & {}
type RequiredNames<M extends Members> = { [K in keyof M]: IsRequired<M[K]> extends true ? K : never }[keyof M]
type StructureOf<M extends Members> = Simplify<
  { [K in RequiredNames<M>]: TypeOf<ShapeOf<M[K]>> } & {
    [K in Exclude<keyof M, RequiredNames<M>>]?: TypeOf<ShapeOf<M[K]>> | undefined
  }
>
/** One alternative per member, with the others undefined, so that `in` narrows. */
type UnionOf<M extends UnionMembers> = {
  [K in keyof M]: Simplify<{ [P in K]: TypeOf<M[K]> } & { [P in Exclude<keyof M, K>]?: undefined }>
}[keyof M]

/** The internal type of a value of the shape. */
export type TypeOf<S extends Shape> =
  S extends StringShape<infer V>
    ? V
    : S extends IntegerShape
      ? number
      : S extends BooleanShape
        ? boolean
        : S extends TimestampShape
          ? number
          : S extends BlobShape
            ? Uint8Array
            : S extends StreamShape
              ? Bytes
              : S extends ListShape<infer I>
                ? readonly TypeOf<I>[]
                : S extends MapShape<infer K, infer I>
                  ? { readonly [P in TypeOf<K>]: TypeOf<I> }
                  : S extends StructureShape<infer M>
                    ? StructureOf<M>
                    : S extends UnionShape<infer M>
                      ? UnionOf<M>
                      : never

/** TypeOf for outputs: any structure may be serialised JSON or a cached structure. */
export type AnswerOf<S extends Shape> =
  S extends ListShape<infer I>
    ? readonly AnswerOf<I>[]
    : S extends StructureShape<infer M>
      ? AnswerStructureOf<M> | JsonText | Lasting<AnswerStructureOf<M>>
      : TypeOf<S>
export type AnswerStructureOf<M extends Members> = Simplify<
  { [K in RequiredNames<M>]: AnswerOf<ShapeOf<M[K]>> } & {
    [K in Exclude<keyof M, RequiredNames<M>>]?: AnswerOf<ShapeOf<M[K]>> | undefined
  }
>
