//! Maps are lists of pairs (`CanonicalABI.md`, "Despecialization"). What writes glue has no other case for them.

use std::collections::HashMap;

use wit_parser::{Resolve, Tuple, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

/// The pairs that were made for maps, with the map of each.
pub type Entries = HashMap<TypeId, TypeId>;

/// Makes every map a list.
pub fn despecialize(resolve: &mut Resolve) -> Entries {
    let maps: Vec<(TypeId, [Type; 2])> = resolve
        .types
        .iter()
        .filter_map(|(id, def)| match &def.kind {
            TypeDefKind::Map(key, value) => Some((id, [*key, *value])),
            _ => None,
        })
        .collect();
    let mut entries = Entries::new();
    for (map, pair) in maps {
        let entry = resolve.types.alloc(TypeDef {
            name: None,
            kind: TypeDefKind::Tuple(Tuple {
                types: pair.to_vec(),
            }),
            owner: TypeOwner::None,
            docs: Default::default(),
            stability: Default::default(),
            span: Default::default(),
            external_id: None,
        });
        resolve.types[map].kind = TypeDefKind::List(Type::Id(entry));
        entries.insert(entry, map);
    }
    entries
}
