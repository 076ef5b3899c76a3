//! Random firmware images of which the generator knows the truth: `retrofit` lists every module and nothing else, and replaces one
//! of them alone. The image that is expected is built by the generator from the parts, not by what is tested.

mod containers;

use anyhow::{Context, Result, bail, ensure};
use p1bridge::profiles::named;
use p1bridge::retrofit::{Kind, Options, Where, contents, replace, slots};
use p1bridge_tests::random::numbers::Random;

use containers::Nest;

/// A part of the contents of an image.
#[derive(Clone)]
enum Part {
    /// What is no module.
    Other(Vec<u8>),
    Module(Vec<u8>),
    /// One with a custom section at its end that no tool is known for: it may be somebody else's.
    Doubtful(Vec<u8>),
    Base64(Vec<u8>),
    /// A slot of `p1bridge_slot.h`: its room, and the module.
    Marked(usize, Vec<u8>),
    Aot(Vec<u8>),
}

/// A module that exports what all of them do.
fn module(random: &mut Random) -> Result<Vec<u8>> {
    let mut text = String::from("(module (memory 1) (func (export \"run\") (result i32) ");
    for _ in 0..random.below(40) {
        text += &format!("(drop (i32.const {})) ", random.below(100_000));
    }
    text += &format!("(i32.const {}))", random.below(1000));
    if random.percent(33) {
        text += "(data (i32.const 8) \"\\00asm\\01\\00\\00\\00 a module in a module\")";
    }
    if random.percent(33) {
        text += "(@custom \"producers\" \"anything at all\")";
    }
    text += ")";
    wat::parse_str(&text).context(text)
}

/// What lies between modules in firmware, and looks like more than it is. It does not begin with what a module could go on with.
fn neighbour(random: &mut Random) -> Vec<u8> {
    let length = random.below(200);
    match random.below(8) {
        0 => [0u8, 0xc0, 0x71, 1].repeat(length / 4 + 1),
        1 => vec![0; length],
        2 => vec![0xff; length],
        3 => b"\xffWASM module load failed: %s\0".to_vec(),
        // The magic alone is in every loader.
        4 => b"\xff\0asm\0\0\0\0\0asm".to_vec(),
        5 => b"\xff\0asm\x01\0\0\0\x0f\x03abc".to_vec(),
        6 => b"\xff AGFzbQEAAAA= ".to_vec(),
        _ => {
            let mut bytes = vec![0xfe];
            bytes.extend((0..length).map(|_| random.below(256) as u8));
            // No module by chance.
            bytes.retain(|byte| *byte != b'a');
            bytes
        }
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..=three.len() {
            text.push(DIGITS[(bits >> (18 - 6 * n) & 63) as usize]);
        }
    }
    text
}

/// Code compiled ahead of time: sections of a number and a size, one of which has a whole module in it.
fn aot(random: &mut Random) -> Result<Vec<u8>> {
    let mut bytes = b"\0aot\x03\0\0\0".to_vec();
    for kind in [0u32, 2] {
        let mut data = module(random)?;
        data.resize(data.len().next_multiple_of(4), 0);
        bytes.extend(kind.to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
    }
    Ok(bytes)
}

fn parts(random: &mut Random) -> Result<Vec<Part>> {
    let mut parts = vec![Part::Other(neighbour(random))];
    for _ in 0..random.below(4) {
        let part = match random.below(6) {
            0 => Part::Aot(aot(random)?),
            1 => Part::Base64(module(random)?),
            3 if random.percent(30) => Part::Doubtful(module(random)?),
            2 => {
                let module = module(random)?;
                Part::Marked(module.len() + random.below(100), module)
            }
            _ => Part::Module(module(random)?),
        };
        parts.push(part);
        // What would go on in Base64 or as a section of an AOT file ends here.
        parts.push(Part::Other(vec![0xff; 4]));
        parts.push(Part::Other(neighbour(random)));
    }
    Ok(parts)
}

/// Such a section: of a custom one, the size, the name, and something.
const DOUBTFUL: &[u8] = b"\0\x08\x04notexyz";

/// What should be found: its kind, its offset in the contents, its length and its capacity.
type Truth = (Kind, usize, usize, usize);

/// The contents of an image, and what is in them.
fn written(parts: &[Part]) -> (Vec<u8>, Vec<Truth>) {
    let (mut bytes, mut truth) = (Vec::new(), Vec::new());
    for part in parts {
        let at = bytes.len();
        match part {
            Part::Other(other) => bytes.extend(other),
            Part::Module(module) => {
                truth.push((Kind::Module, at, module.len(), module.len()));
                bytes.extend(module);
            }
            Part::Doubtful(module) => {
                truth.push((Kind::Module, at, module.len(), module.len()));
                bytes.extend(module);
                bytes.extend(DOUBTFUL);
            }
            Part::Aot(aot) => {
                truth.push((Kind::Aot, at, aot.len(), aot.len()));
                bytes.extend(aot);
            }
            Part::Base64(module) => {
                let text = base64(module);
                truth.push((Kind::Base64, at, text.len(), text.len()));
                bytes.extend(text);
            }
            Part::Marked(room, module) => {
                bytes.extend(b"p1bslot\0");
                let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(module);
                for word in [1, *room as u32, module.len() as u32, crc] {
                    bytes.extend(word.to_le_bytes());
                }
                truth.push((Kind::Marked, at + 24, module.len(), *room));
                bytes.extend(module);
                bytes.resize(at + 24 + room, 0xff);
            }
        }
    }
    (bytes, truth)
}

#[test]
fn random_images_are_listed_and_only_the_slot_changes() -> Result<()> {
    let count = match std::env::var("P1BRIDGE_RANDOM_IMAGES") {
        Ok(text) => text.parse()?,
        Err(_) => 20_000,
    };
    let mut replaced = 0;
    for seed in 1..=count {
        replaced += usize::from(one(seed).with_context(|| format!("seed {seed}"))?);
    }
    ensure!(replaced * 4 > count as usize, "only {replaced} of {count}");
    Ok(())
}

fn one(seed: u64) -> Result<bool> {
    let random = &mut Random::new(seed);
    let container = Nest::new(random);
    let parts = parts(random)?;
    let (bytes, truth) = written(&parts);
    if bytes.is_empty() {
        return Ok(false);
    }
    let (image, path, base) = container.around(&bytes)?;
    let profile = named("wamr-2020")?;
    let report = slots(&image, Some(&profile)).with_context(|| format!("{container:?}"))?;
    let found: Vec<Truth> = report
        .slots
        .iter()
        .map(|slot| {
            (
                slot.kind,
                slot.offset.wrapping_sub(base) as usize,
                slot.length as usize,
                slot.capacity as usize,
            )
        })
        .collect();
    ensure!(
        found == truth,
        "{container:?}: {found:?} instead of {truth:?}"
    );
    for slot in &report.slots {
        let expected = format!("{path}{:#x}", slot.offset);
        ensure!(
            slot.path == expected,
            "{container:?}: {} instead of {expected}",
            slot.path
        );
    }
    let guards = report.files.iter().flat_map(|file| &file.guards);
    ensure!(
        guards.clone().all(|guard| guard.right),
        "{container:?}: {:?}",
        guards.collect::<Vec<_>>()
    );

    let modules: Vec<usize> = (0..truth.len())
        .filter(|at| truth[*at].0 != Kind::Aot)
        .collect();
    let new = module(random)?;
    let Some(&chosen) = modules.get(random.below(modules.len().max(1))) else {
        let refused = replace(
            &image,
            &new,
            &Options {
                profile: Some(profile),
                ..Options::default()
            },
        );
        ensure!(refused.is_err(), "nothing was replaced");
        return Ok(false);
    };
    let options = Options {
        slots: vec![Where::Number(chosen + 1)],
        profile: Some(profile.clone()),
        ..Options::default()
    };
    let (kind, at, _, capacity) = truth[chosen];
    let room = match kind {
        Kind::Base64 => capacity * 3 / 4,
        _ => capacity,
    };
    let doubtful = report.slots[chosen].at_most.is_some();
    let is_followed = bytes[at + truth[chosen].2..].starts_with(DOUBTFUL);
    ensure!(
        doubtful == is_followed,
        "{container:?}: {:?}",
        report.slots[chosen]
    );
    let made = match replace(&image, &new, &options) {
        Err(error) if doubtful => {
            let said = format!("{error:#}");
            ensure!(
                said.contains(&format!("{}", capacity + DOUBTFUL.len())),
                "{said}"
            );
            return Ok(false);
        }
        Ok(_) if doubtful => bail!("a module of which nobody knows the end was replaced"),
        Ok(made) => made,
        // Too long, or by a length that cannot be filled.
        Err(error) => {
            let said = format!("{error:#}");
            let long = new.len() > room && said.contains(&format!("{} too many", new.len() - room));
            let tight = ["compresses as well", "cannot be filled"];
            let tight = container.is_tight() && tight.iter().any(|word| said.contains(word));
            ensure!(long || tight, "{container:?}: {said}");
            return Ok(false);
        }
    };
    ensure!(
        new.len() <= room,
        "a module of {} bytes in {room}",
        new.len()
    );
    // What is in the slot is the new module, with nothing behind it but a section that fills it.
    let slot = &slots(&made.image, Some(&profile))?.slots[chosen];
    let module = contents(&made.image, slot)?;
    wasmparser::Validator::new().validate_all(&module)?;
    ensure!(code(&module)? == code(&new)?, "another module");
    let mut expected = bytes.clone();
    match kind {
        Kind::Marked => {
            let (slot, _) = written(&[Part::Marked(capacity, new)]);
            expected[at - 24..at + capacity].copy_from_slice(&slot);
        }
        Kind::Base64 => expected[at..at + capacity].copy_from_slice(&base64(&module)),
        _ => expected[at..at + capacity].copy_from_slice(&module),
    }
    let held = container.is_around(&expected, &made.image);
    held.with_context(|| format!("{container:?}"))?;
    Ok(true)
}

/// The sections of a module but for what fills a slot.
fn code(module: &[u8]) -> Result<Vec<(u8, Vec<u8>)>> {
    let mut found = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let Some((id, range)) = payload?.as_section() {
            let bytes = module[range.start as usize..range.end as usize].to_vec();
            // Its name is as long as there is room for.
            let fills = |name: &[u8]| !name.is_empty() && b"p1bridge.pad".starts_with(name);
            let name = bytes.get(1..1 + usize::from(bytes[0])).unwrap_or_default();
            if id != 0 || !fills(name) {
                found.push((id, bytes));
            }
        }
    }
    Ok(found)
}

/// Images that are cut off, or have a bit that is another one: an error, or a list; never a panic, and nothing is written that is not
/// read again.
#[test]
fn damaged_images_are_refused_or_listed() -> Result<()> {
    let profile = named("wamr-2020")?;
    for seed in 1..=300 {
        let random = &mut Random::new(seed);
        let container = Nest::new(random);
        let (bytes, _) = written(&parts(random)?);
        let (mut image, ..) = container.around(&bytes)?;
        match random.percent(50) {
            true => image.truncate(random.below(image.len() + 1)),
            false if image.is_empty() => continue,
            false => {
                let at = random.below(image.len());
                image[at] ^= 1 << random.below(8);
            }
        }
        let _ = slots(&image, Some(&profile));
        let options = Options {
            profile: Some(profile.clone()),
            allow_wrong_guards: random.percent(50),
            ..Options::default()
        };
        let _ = replace(&image, &module(random)?, &options);
    }
    Ok(())
}
