//! The functions at which exceptions end: [`crate::plan::border`].

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Catch, Function, InstructionSink, ValType};
use wasmparser::FuncType;

use crate::maps::{Maps, index::Space};
use crate::memory::traps::Trap;
use crate::plan::throwing::{Form, Tag, values};
use crate::plan::{Plan, Target};
use crate::resolve::InstanceId;

/// Encodes a function of the type `ty` that calls a function of it, and traps where that throws.
pub fn encode(
    plan: &Plan<'_, '_>,
    maps: &Maps,
    ty: &FuncType,
    (id, index): (InstanceId, u32),
) -> Function {
    let traps = &maps.globals.traps;
    let result = match ty.results() {
        [] => BlockType::Empty,
        [only] => BlockType::Result(value_type(*only)),
        _ => unreachable!("the canonical ABI calls no function with several results"),
    };
    let target = maps.target(Target::Core(id, index));
    let target = target.expect("what has a border is live");
    let call = |code: &mut InstructionSink<'_>| {
        for param in 0..ty.params().len() as u32 {
            code.local_get(param);
        }
        code.call(target);
    };
    let tags = &plan.borders[&(id, index)];
    let mut body = Function::new([]);
    let mut code = body.instructions();
    if plan.throwing.form == Some(Form::Legacy) {
        code.try_(result);
        call(&mut code);
        for &tag in tags {
            code.catch(tag_index(maps, tag));
            traps.now(&mut code, Trap::Exception);
        }
        code.end().end();
        return body;
    }
    // A block for each list of types that is caught, the first innermost.
    let mut caught: Vec<&[wasmparser::ValType]> = Vec::new();
    let mut catches = Vec::new();
    for &tag in tags {
        let values = values(plan.input, &plan.program, tag).params();
        let label = caught.iter().position(|known| *known == values);
        let label = label.unwrap_or_else(|| {
            caught.push(values);
            caught.len() - 1
        });
        catches.push(Catch::One {
            tag: tag_index(maps, tag),
            label: label as u32,
        });
    }
    code.block(result);
    for values in caught.iter().rev() {
        code.block(match values {
            [] => BlockType::Empty,
            [only] => BlockType::Result(value_type(*only)),
            all => {
                let ty = FuncType::new([], all.iter().copied());
                let index = maps.types.known(&ty);
                BlockType::FunctionType(index.expect("what a border catches has a type"))
            }
        });
    }
    code.try_table(result, catches);
    call(&mut code);
    code.end().br(caught.len() as u32);
    for _ in &caught {
        code.end();
        traps.now(&mut code, Trap::Exception);
    }
    code.end().end();
    body
}

fn tag_index(maps: &Maps, (id, index): Tag) -> u32 {
    let index = maps.instance(id).kept(Space::Tag, index);
    index.expect("a tag of a border is live")
}

fn value_type(ty: wasmparser::ValType) -> ValType {
    let ty = RoundtripReencoder.val_type(ty);
    ty.expect("a type of a valid module")
}
