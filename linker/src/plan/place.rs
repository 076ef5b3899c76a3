//! Guests that have their relocations are moved to where they lie ([`crate::relocate`]): their pointers are
//! addresses of the memory of the output then. Afterwards the component is planned once more.

use anyhow::{Context, Result, anyhow, bail};

use super::ends::Ends;
use super::model::{Plan, Step};
use super::stacks;
use crate::entity::InstanceId;
use crate::options::Isolation;
use crate::parse::{Placed, Places};
use crate::relocate;

/// A guest beside others.
#[derive(Clone, Debug)]
struct Guest {
    instance: InstanceId,
    /// Its module, by its place in [`crate::parse::Input::modules`].
    module: usize,
    /// Where its memory begins, and its bytes.
    base: u32,
    bytes: u64,
    /// Why it has to stay as it is, whatever it is made of.
    stays: Option<&'static str>,
}

/// The component of a plan with the guests moved that can be, and what was done.
///
/// # Errors
///
/// Fails where stacks are to be shared and cannot be.
pub fn move_guests(plan: &Plan<'_, '_>) -> Result<(Vec<u8>, Places)> {
    let mut wasm = plan.input.bytes.to_vec();
    let mut places = Places::default();
    let guests = guests(plan);
    if plan.options.share_stack {
        share_stacks(plan, &guests, &mut wasm, &mut places)?;
        return Ok((wasm, places));
    }
    for guest in &guests {
        let to = relocate::Place {
            base: guest.base,
            bytes: guest.bytes,
            stack_top: None,
        };
        match put(plan, guest, &to, &mut wasm) {
            // It is there already.
            _ if guest.base == 0 => {}
            Ok(placed) => _ = places.placed.insert(guest.module, placed),
            Err(why) => _ = places.not.insert(guest.module, format!("{why:#}")),
        }
    }
    Ok((wasm, places))
}

/// Moves a guest. What cannot be moved stays.
fn put(
    plan: &Plan<'_, '_>,
    guest: &Guest,
    to: &relocate::Place,
    wasm: &mut [u8],
) -> Result<Placed> {
    match guest.stays {
        Some(why) => Err(anyhow!(why)),
        None => relocate::place(
            &mut wasm[plan.input.modules[guest.module].range.clone()],
            to,
        ),
    }
}

/// Moves all guests, and their stacks to one place below them.
fn share_stacks(
    plan: &Plan<'_, '_>,
    guests: &[Guest],
    wasm: &mut [u8],
    places: &mut Places,
) -> Result<()> {
    if guests.is_empty() {
        bail!("--share-stack: there are no guests beside each other in one memory: leave it out");
    }
    let refused = |guest: &Guest| {
        let path = &plan.input.modules[guest.module].path;
        format!("--share-stack: {}", path.trim_start_matches("component > "))
    };
    let mut sizes = Vec::new();
    for guest in guests {
        let module = &wasm[plan.input.modules[guest.module].range.clone()];
        let stack = match guest.stays {
            Some(why) => Err(anyhow!(why)),
            None => relocate::stack(module),
        };
        let size = stack.with_context(|| refused(guest))?;
        if u64::from(size) > guest.bytes {
            bail!(
                "{}: its stack has {size} bytes, and its memory {}",
                refused(guest),
                guest.bytes
            );
        }
        sizes.push((guest.instance, size));
    }
    let stacks = stacks::lay_out(plan, &sizes)?;
    places.stacks = stacks.bytes;
    let mut base = stacks.bytes;
    for ((guest, at), (_, size)) in guests.iter().zip(&stacks.at).zip(&sizes) {
        let to = relocate::Place {
            base,
            bytes: guest.bytes - u64::from(*size),
            stack_top: Some(at + size),
        };
        let placed = put(plan, guest, &to, wasm).with_context(|| refused(guest))?;
        base = base.wrapping_add(to.bytes as u32);
        places.placed.insert(guest.module, placed);
    }
    Ok(())
}

/// The guests that lie in one memory, if there are several, from the lowest up.
fn guests(plan: &Plan<'_, '_>) -> Vec<Guest> {
    let (program, input) = (&plan.program, plan.input);
    let Some(memory) = &plan.memory else {
        return Vec::new();
    };
    let of_guests = memory.regions.iter().filter_map(|region| {
        let (id, index) = region.memory?;
        Some((region, (id, index)))
    });
    if plan.options.isolation == Isolation::Checked
        || !memory.own.is_empty()
        || of_guests.clone().count() < 2
    {
        return Vec::new();
    }
    let moves = !memory.fixed && memory.regions.iter().any(|region| region.grows);
    let ends = Ends {
        input,
        program,
        live: &plan.live,
        linked: &plan.libraries,
    };
    let guests = of_guests.map(|(region, slot)| {
        let (id, _) = slot;
        let module = program.instances[id.0 as usize].module;
        let mut same = program
            .ids()
            .filter(|id| program.instances[id.0 as usize].module == module);
        let is_late = |step: &Step| matches!(step, Step::Data(of, _) if *of == id);
        let stays = if moves {
            Some(
                "memory grows here: --no-grow, --memory-max and --ram keep everything in its place",
            )
        } else if same.nth(1).is_some() {
            Some("its module is instantiated more than once")
        } else if ends.asks(slot) {
            Some("it asks for the size of its memory or grows it")
        } else if ends.is_shared(slot) {
            Some("another module works on its memory")
        } else if plan.init.iter().any(is_late) || plan.init.contains(&Step::Trap) {
            Some("its data is written after code has run")
        } else {
            None
        };
        Guest {
            instance: id,
            module,
            base: region.base,
            bytes: region.room,
            stays,
        }
    });
    guests.collect()
}
