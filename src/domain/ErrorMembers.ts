/**
 * The errors of a kind, one by one: the tag of each, and whether a value is that error.
 */
import { Predicate, Result, Schema, SchemaAST } from "effect"

/** One of the errors that a schema describes. */
export interface Member {
  /** `undefined` for an error without a `_tag` of one text. */
  readonly tag: string | undefined
  /** Never throws, whatever the value. */
  readonly matches: (value: unknown) => boolean
}

export const of = (schema: Schema.Top): ReadonlyArray<Member> =>
  flat(SchemaAST.toType(schema.ast)).map((ast) => {
    const shape = shapeOf(ast)
    const tag = tagOf(shape)
    const isShape = Schema.is(Schema.make(shape))
    return {
      tag,
      matches: (value) =>
        Result.getOrElse(
          Result.try(() => tag !== undefined && Predicate.isTagged(value, tag) && isShape(value)),
          () => false
        )
    }
  })

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
