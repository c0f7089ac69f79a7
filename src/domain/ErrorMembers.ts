/**
 * The errors of a kind, one by one: the tag of each, and whether a value is that error.
 */
import { Predicate, Result, Schema, SchemaAST } from "effect"
import * as ErrorText from "./ErrorText.ts"
import * as PayloadText from "./PayloadText.ts"

/** One of the errors that a schema describes. */
export interface Member {
  /** `undefined` for an error without a `_tag` of one text. */
  readonly tag: string | undefined
  /** Never throws, whatever the value. */
  readonly matches: (value: unknown) => boolean
  /** The error as JSON text, with all its fields; `undefined` if its schema cannot encode it. */
  readonly toJson: (value: unknown) => string | undefined
}

export const of = (schema: Schema.Top): ReadonlyArray<Member> =>
  flat(SchemaAST.toType(schema.ast)).map((ast) => {
    const shape = shapeOf(ast)
    const tag = tagOf(shape)
    const isShape = Schema.is(Schema.make(shape))
    const encode = Schema.encodeUnknownResult(
      Schema.toCodecJson(Schema.make<Schema.Codec<unknown, unknown>>(shape))
    )
    return {
      tag,
      matches: (value) =>
        Result.getOrElse(
          Result.try(() => tag !== undefined && Predicate.isTagged(value, tag) && isShape(value)),
          () => false
        ),
      toJson: (value) =>
        Result.getOrUndefined(Result.filterOrFail(textOf(encode, value), isStorable, () => ""))
    }
  })

const textOf = (
  encode: (value: unknown) => Result.Result<unknown, unknown>,
  value: unknown
): Result.Result<string, unknown> =>
  Result.try(() => encode(value)).pipe(
    Result.flatMap((encoded) => encoded),
    Result.flatMap(PayloadText.make)
  )

/** PostgreSQL's `jsonb` has neither a NUL character nor half of a surrogate pair. */
const isStorable = (json: string): boolean =>
  Buffer.byteLength(json) <= ErrorText.errorBytesMax && !/\\u(?:0000|d[89a-f])/i.test(json)

const flat = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> =>
  SchemaAST.isUnion(ast) ? ast.types.flatMap(flat) : [ast]

/**
 * The fields of a class. A job script may have a copy of the class of its own, whose instances are
 * recognized by their fields.
 */
const shapeOf = (ast: SchemaAST.AST): SchemaAST.AST => {
  const fields = SchemaAST.isDeclaration(ast) ? ast.typeParameters[0] : undefined
  return fields !== undefined && SchemaAST.isObjects(fields) ? SchemaAST.toType(fields) : ast
}

const tagOf = (ast: SchemaAST.AST): string | undefined => {
  if (!SchemaAST.isObjects(ast)) return undefined
  const type = ast.propertySignatures.find(({ name }) => name === "_tag")?.type
  return type !== undefined && SchemaAST.isLiteral(type) && typeof type.literal === "string"
    ? type.literal
    : undefined
}
