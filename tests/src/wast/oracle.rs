//! Components as they are, on wasmtime: what the flat modules are compared with.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::component::{Component, Instance, Linker, Type, Val};
use wasmtime::{Config, Engine, Store, Trap};

use super::types::FuncType;
use super::value::Value;
use super::{Failure, Linked, Machine, Running};

pub struct Oracle {
    engine: Engine,
}

impl Default for Oracle {
    fn default() -> Oracle {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .wasm_component_model_map(true)
            .wasm_component_model_fixed_length_lists(true)
            .wasm_component_model_implements(true)
            .wasm_component_model_async(true)
            .wasm_component_model_more_async_builtins(true)
            .wasm_component_model_async_stackful(true)
            .wasm_component_model_threading(true)
            .wasm_component_model_error_context(true)
            .wasm_multi_memory(true)
            .wasm_custom_page_sizes(true)
            .wasm_wide_arithmetic(true);
        Oracle {
            engine: Engine::new(&config).expect("the configuration is supported"),
        }
    }
}

impl Machine for Oracle {
    fn link(&self, component: &[u8]) -> Result<Box<dyn Linked>, String> {
        let component =
            Component::new(&self.engine, component).map_err(|error| format!("{error:#}"))?;
        Ok(Box::new(Compiled(component)))
    }

    fn is_oracle(&self) -> bool {
        true
    }
}

struct Compiled(Component);

impl Linked for Compiled {
    fn instantiate(&self) -> Result<Box<dyn Running>, Failure> {
        let mut store = Store::new(self.0.engine(), ());
        let linker = Linker::new(self.0.engine());
        let instance = block_on(linker.instantiate_async(&mut store, &self.0))
            .map_err(|error| failure(&error))?;
        Ok(Box::new(Instantiated { store, instance }))
    }
}

/// Runs a future to its end: nothing here waits for a host.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// Whatever the canonical ABI refuses is an error of wasmtime, whether it has a trap code or not.
fn failure(error: &wasmtime::Error) -> Failure {
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Failure::Exhausted,
        _ => Failure::Trap(format!("{error:#}")),
    }
}

struct Instantiated {
    store: Store<()>,
    instance: Instance,
}

impl Running for Instantiated {
    fn call(&mut self, name: &str, _: &FuncType, args: &[Value]) -> Result<Option<Value>, Failure> {
        let mut index = None;
        for part in name.split('#') {
            index = self
                .instance
                .get_export_index(&mut self.store, index.as_ref(), part);
        }
        let function = index
            .and_then(|index| self.instance.get_func(&mut self.store, index))
            .ok_or_else(|| Failure::Broken(format!("no function `{name}` is exported")))?;
        let ty = function.ty(&self.store);
        let args: Vec<Val> = ty
            .params()
            .zip(args)
            .map(|((_, ty), value)| to_val(value, &ty))
            .collect();
        let mut results = vec![Val::Bool(false); ty.results().len()];
        block_on(function.call_async(&mut self.store, &args, &mut results))
            .map_err(|error| failure(&error))?;
        let result = ty.results().zip(&results).next();
        Ok(result.map(|(ty, value)| from_val(value, &ty)))
    }
}

/// The literals that a value is made from were checked against the type.
const OF_TYPE: &str = "the value is of its type";

/// The value as wasmtime has it.
pub fn to_val(value: &Value, ty: &Type) -> Val {
    let all = |values: &[Value], ty: &Type| values.iter().map(|v| to_val(v, ty)).collect();
    match (value, ty) {
        (Value::Bool(v), _) => Val::Bool(*v),
        (Value::U8(v), _) => Val::U8(*v),
        (Value::S8(v), _) => Val::S8(*v),
        (Value::U16(v), _) => Val::U16(*v),
        (Value::S16(v), _) => Val::S16(*v),
        (Value::U32(v), _) => Val::U32(*v),
        (Value::S32(v), _) => Val::S32(*v),
        (Value::U64(v), _) => Val::U64(*v),
        (Value::S64(v), _) => Val::S64(*v),
        (Value::F32(bits), _) => Val::Float32(f32::from_bits(*bits)),
        (Value::F64(bits), _) => Val::Float64(f64::from_bits(*bits)),
        (Value::Char(v), _) => Val::Char(*v),
        (Value::String(v), _) => Val::String(v.clone()),
        (Value::List(items), Type::List(list)) => Val::List(all(items, &list.ty())),
        (Value::List(items), Type::FixedLengthList(list)) => {
            Val::FixedLengthList(all(items, &list.ty()))
        }
        (Value::List(items), Type::Map(map)) => Val::Map(
            items
                .iter()
                .map(|item| match item {
                    Value::Record(pair) => {
                        (to_val(&pair[0], &map.key()), to_val(&pair[1], &map.value()))
                    }
                    _ => unreachable!("{OF_TYPE}"),
                })
                .collect(),
        ),
        (Value::Record(values), Type::Record(record)) => Val::Record(
            record
                .fields()
                .zip(values)
                .map(|(field, value)| (field.name.to_owned(), to_val(value, &field.ty)))
                .collect(),
        ),
        (Value::Record(values), Type::Tuple(tuple)) => {
            let fields = tuple.types().zip(values);
            Val::Tuple(fields.map(|(ty, value)| to_val(value, &ty)).collect())
        }
        (Value::Variant(case, payload), Type::Variant(variant)) => {
            let case = variant.cases().nth(*case).expect(OF_TYPE);
            Val::Variant(case.name.to_owned(), to_payload(payload, case.ty))
        }
        (Value::Variant(case, _), Type::Enum(names)) => {
            Val::Enum(names.names().nth(*case).expect(OF_TYPE).to_owned())
        }
        (Value::Variant(_, payload), Type::Option(option)) => {
            Val::Option(to_payload(payload, Some(option.ty())))
        }
        (Value::Variant(case, payload), Type::Result(result)) => Val::Result(match case {
            0 => Ok(to_payload(payload, result.ok())),
            _ => Err(to_payload(payload, result.err())),
        }),
        (Value::Flags(set), Type::Flags(flags)) => Val::Flags(
            flags
                .names()
                .zip(set)
                .filter(|(_, set)| **set)
                .map(|(name, _)| name.to_owned())
                .collect(),
        ),
        (value, _) => unreachable!("{value:?} has no literal"),
    }
}

fn to_payload(payload: &Option<Box<Value>>, ty: Option<Type>) -> Option<Box<Val>> {
    let (value, ty) = payload.as_ref().zip(ty)?;
    Some(Box::new(to_val(value, &ty)))
}

/// The value of wasmtime, despecialized.
pub fn from_val(value: &Val, ty: &Type) -> Value {
    match (value, ty) {
        (Val::Bool(v), _) => Value::Bool(*v),
        (Val::U8(v), _) => Value::U8(*v),
        (Val::S8(v), _) => Value::S8(*v),
        (Val::U16(v), _) => Value::U16(*v),
        (Val::S16(v), _) => Value::S16(*v),
        (Val::U32(v), _) => Value::U32(*v),
        (Val::S32(v), _) => Value::S32(*v),
        (Val::U64(v), _) => Value::U64(*v),
        (Val::S64(v), _) => Value::S64(*v),
        (Val::Float32(v), _) => Value::F32(v.to_bits()),
        (Val::Float64(v), _) => Value::F64(v.to_bits()),
        (Val::Char(v), _) => Value::Char(*v),
        (Val::String(v), _) => Value::String(v.clone()),
        (Val::List(items), Type::List(list)) => {
            Value::List(items.iter().map(|v| from_val(v, &list.ty())).collect())
        }
        (Val::FixedLengthList(items), Type::FixedLengthList(list)) => {
            Value::List(items.iter().map(|v| from_val(v, &list.ty())).collect())
        }
        (Val::Map(entries), Type::Map(map)) => Value::List(
            entries
                .iter()
                .map(|(k, v)| {
                    Value::Record(vec![from_val(k, &map.key()), from_val(v, &map.value())])
                })
                .collect(),
        ),
        (Val::Record(fields), Type::Record(record)) => Value::Record(
            fields
                .iter()
                .zip(record.fields())
                .map(|((_, value), field)| from_val(value, &field.ty))
                .collect(),
        ),
        (Val::Tuple(values), Type::Tuple(tuple)) => {
            let fields = values.iter().zip(tuple.types());
            Value::Record(fields.map(|(value, ty)| from_val(value, &ty)).collect())
        }
        (Val::Variant(name, payload), Type::Variant(variant)) => {
            let (index, case) = variant
                .cases()
                .enumerate()
                .find(|(_, case)| case.name == name)
                .expect(OF_TYPE);
            Value::Variant(index, from_payload(payload, case.ty))
        }
        (Val::Enum(name), Type::Enum(names)) => {
            let index = names.names().position(|n| n == name).expect(OF_TYPE);
            Value::Variant(index, None)
        }
        (Val::Option(payload), Type::Option(option)) => Value::Variant(
            usize::from(payload.is_some()),
            from_payload(payload, Some(option.ty())),
        ),
        (Val::Result(Ok(payload)), Type::Result(result)) => {
            Value::Variant(0, from_payload(payload, result.ok()))
        }
        (Val::Result(Err(payload)), Type::Result(result)) => {
            Value::Variant(1, from_payload(payload, result.err()))
        }
        (Val::Flags(set), Type::Flags(flags)) => {
            Value::Flags(flags.names().map(|n| set.iter().any(|s| s == n)).collect())
        }
        // Resources, and the asynchronous types that the runner calls no function with.
        _ => Value::Handle(0),
    }
}

fn from_payload(payload: &Option<Box<Val>>, ty: Option<Type>) -> Option<Box<Value>> {
    let (value, ty) = payload.as_ref().zip(ty)?;
    Some(Box::new(from_val(value, &ty)))
}
