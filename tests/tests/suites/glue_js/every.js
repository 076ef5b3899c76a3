// The host's side of the world every. Written by `p1bridge host`: do not change it, make it again.
import * as p1b from './p1b.mjs';

export { ComponentError } from './p1b.mjs';

const Thing = p1b.resource('Thing', ['every:types/types@0.1.0', 'every:types/types']);
const Size = p1b.enumeration(['small', 'self', 'large']);
const Rights = p1b.flags(['read', 'write', 'all']);
const Point = p1b.record({ x: p1b.s8, y: p1b.u64, type: p1b.f32 });
const Shape = p1b.variant({
  none: null,
  circle: p1b.f64,
  path: p1b.list(Point),
  named: p1b.string,
  both: p1b.tuple([p1b.u8, p1b.s64]),
});
const All = p1b.record({
  a: p1b.bool,
  b: p1b.u8,
  c: p1b.s16,
  d: p1b.u16,
  e: p1b.s32,
  f: p1b.u32,
  g: p1b.s64,
  h: p1b.u64,
  i: p1b.f32,
  j: p1b.f64,
  k: p1b.char,
  l: p1b.string,
  m: Size,
  n: Rights,
  o: Point,
  p: Shape,
  q: p1b.option(Shape),
  r: p1b.result(p1b.u8, p1b.string),
  s: p1b.result(null, null),
  t: p1b.list(Shape),
  u: p1b.tuple([p1b.char, p1b.option(p1b.u64)]),
  v: p1b.list(p1b.list(p1b.u16)),
  w: p1b.result(null, Size),
  x: p1b.result(p1b.f32, null),
});
const Owner = p1b.record({ it: p1b.own(Thing), others: p1b.list(p1b.own(Thing)) });
const Mine = p1b.resource('Mine');
const world = {
  resources: [Thing, Mine],
  imports: [
    {
      module: 'every:types/types@0.1.0',
      names: ['every:types/types@0.1.0', 'every:types/types'],
      functions: {
        '[method]thing.get': p1b.method(Thing, 'get', [], p1b.u32),
        '[method]thing.drop': p1b.method(Thing, 'drop', []),
        numbers: p1b.func('numbers', [p1b.u8, p1b.s8, p1b.u16, p1b.s16, p1b.u32, p1b.s32, p1b.u64, p1b.s64, p1b.f32, p1b.f64, p1b.char, p1b.bool], p1b.u64),
        echo: p1b.func('echo', [All], All),
        shapes: p1b.func('shapes', [Shape, p1b.option(Shape)], p1b.result(Shape, Point)),
        sizes: p1b.func('sizes', [Size, Rights], p1b.tuple([Size, Rights])),
        'numbers-of': p1b.func('numbersOf', [p1b.list(p1b.u64), p1b.list(p1b.f32), p1b.list(p1b.u8)], p1b.list(p1b.s16)),
        things: p1b.func('things', [Owner, p1b.borrow(Thing), p1b.option(p1b.own(Thing))], p1b.list(p1b.own(Thing))),
        nothing: p1b.func('nothing', []),
        '[resource-drop]thing': p1b.drops(Thing),
      },
    },
    {
      module: '$root',
      names: [],
      functions: {
        log: p1b.func('log', [p1b.string], p1b.string),
      },
    },
  ],
  exports: [
    {
      module: '',
      names: [],
      functions: {
        run: p1b.func('run', [p1b.list(p1b.string)], p1b.u32),
      },
    },
    {
      module: 'every:types/back@0.1.0',
      names: ['every:types/back@0.1.0', 'back'],
      functions: {
        '[constructor]mine': p1b.constructs(Mine, [p1b.list(p1b.string)], p1b.own(Mine)),
        '[method]mine.use-all': p1b.method(Mine, 'useAll', [p1b.list(p1b.borrow(Mine))], p1b.string),
        '[static]mine.give': p1b.statics(Mine, 'give', [p1b.option(p1b.own(Mine))], p1b.result(p1b.own(Mine), Size)),
        echo: p1b.func('echo', [All], All),
        shapes: p1b.func('shapes', [Shape, p1b.option(Shape)], p1b.result(Shape, Point)),
        sizes: p1b.func('sizes', [Size, Rights], p1b.tuple([Size, Rights])),
        lots: p1b.func('lots', [p1b.string, p1b.string, p1b.string, p1b.string, p1b.string, p1b.string, p1b.string, p1b.string, p1b.u8], p1b.string),
        show: p1b.func('show', [p1b.borrow(Thing)], p1b.u32),
        maybe: p1b.func('maybe', [p1b.option(p1b.u32)], p1b.option(p1b.u32)),
        '[resource-drop]mine': p1b.drops(Mine),
      },
    },
  ],
};

/** An instance of the module, by its bytes or compiled, with what it imports: what it exports. */
export const instantiate = (source, imports, instantiateCore) => p1b.instantiate(world, source, imports, instantiateCore);
