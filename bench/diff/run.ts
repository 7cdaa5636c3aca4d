/** The form of a result file of `bun run bench --json`, as far as two runs are compared. */
import { type Static, Type } from 'typebox';

/** JSON has no NaN: a figure that could not be computed is null in the file. */
const Figure = Type.Union([Type.Number(), Type.Null()]);

export const RunSchema = Type.Object({
  at: Type.String(),
  machine: Type.Object({
    cores: Type.Number(),
    model: Type.Optional(Type.String()),
    bun: Type.String(),
    /** The load tool. Results of earlier versions do not tell it. */
    load: Type.Optional(Type.String()),
  }),
  settings: Type.Object({
    rounds: Type.Number(),
    seconds: Type.Number(),
    quick: Type.Boolean(),
    large: Type.Boolean(),
    /** Results of earlier versions do not tell it. */
    partitions: Type.Optional(Type.Number()),
  }),
  measurements: Type.Array(
    Type.Object({
      scenario: Type.String(),
      name: Type.String(),
      unit: Type.String(),
      values: Type.Array(Figure),
      samples: Type.Array(
        Type.Object({
          count: Type.Number(),
          failed: Type.Number(),
          cpuSeconds: Type.Record(Type.String(), Type.Number()),
        }),
      ),
    }),
  ),
  failed: Type.Array(Type.String()),
});

export type Run = Static<typeof RunSchema>;
