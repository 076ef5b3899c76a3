//! Strings: `CanonicalABI.md`, "Loading" and "Storing", with the allocations that the storing
//! algorithms make, in their order.

use anyhow::Result;
use wasm_encoder::{BlockType, ValType};

use super::encoder::{Fused, Place, Side, memory};
use super::values::MAX_BYTES;
use crate::memory::traps::Trap;
use crate::plan::strings::{Helper, Placed, Units};
use crate::resolve::StringEncoding;

/// `UTF16_TAG`: says in the length of a latin1+utf16 string that it is UTF-16.
const TAG: i32 = 1 << 31;

/// A function for strings of the memories of two sides.
fn placed(helper: Helper, to: &Side, from: &Side) -> Result<Placed> {
    Ok(helper.between(memory(to)?.memory, memory(from)?.memory))
}

/// What is known of a string that was read.
struct Source<'s> {
    side: &'s Side,
    pointer: u32,
    /// Locals with the number of its units and of its bytes: the same where a unit is a byte.
    units: u32,
    bytes: u32,
    encoding: Units,
}

/// Where a string goes, and locals for what it becomes.
struct Target<'s> {
    side: &'s Side,
    pointer: u32,
    /// The length, with its tag.
    length: u32,
}

impl Fused<'_, '_, '_> {
    /// Passes a string.
    pub fn copy_string(
        &mut self,
        from: &Side,
        source: &Place,
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let (pointer, length) = self.load_range(from, source)?;
        let mut out = Target {
            side: to,
            pointer: self.local(ValType::I32),
            length: self.local(ValType::I32),
        };
        match from.party.encoding {
            StringEncoding::Utf8 | StringEncoding::Utf16 => {
                let encoding = match from.party.encoding {
                    StringEncoding::Utf8 => Units::Utf8,
                    _ => Units::Utf16,
                };
                if to.party.encoding == from.party.encoding {
                    out.length = length;
                }
                let source = self.read_string(from, pointer, length, encoding)?;
                self.write_string(&source, &out)?;
            }
            StringEncoding::Latin1Utf16 => {
                let units = self.local(ValType::I32);
                self.sink()
                    .local_get(length)
                    .i32_const(!TAG)
                    .i32_and()
                    .local_set(units)
                    .local_get(length)
                    .i32_const(0)
                    .i32_lt_s()
                    .if_(BlockType::Empty);
                let source = self.read_string(from, pointer, units, Units::Utf16)?;
                self.write_string(&source, &out)?;
                self.sink().else_();
                let source = self.read_string(from, pointer, units, Units::Latin1)?;
                self.write_string(&source, &out)?;
                self.sink().end();
            }
        }
        self.store_range(to, target, out.pointer, out.length)
    }

    /// Gives a string that is known to be UTF-8: where its bytes are, and locals with the pointer there and the number.
    pub fn give_text(
        &mut self,
        (from, pointer, bytes): (&Side, u32, u32),
        to: &Side,
        target: &Place,
    ) -> Result<()> {
        let source = Source {
            side: from,
            pointer,
            units: bytes,
            bytes,
            encoding: Units::Utf8,
        };
        let out = Target {
            side: to,
            pointer: self.local(ValType::I32),
            length: self.local(ValType::I32),
        };
        match to.party.encoding {
            StringEncoding::Utf8 => self.string_copy(&source, &out, 1)?,
            StringEncoding::Utf16 => self.utf8_to_utf16(&source, &out)?,
            StringEncoding::Latin1Utf16 => self.latin1_or_utf16(&source, &out)?,
        }
        self.store_range(to, target, out.pointer, out.length)
    }

    /// `load_string_from_range`: what has to hold of the bytes of a string; its characters are checked when it
    /// is written.
    fn read_string<'s>(
        &mut self,
        side: &'s Side,
        pointer: u32,
        units: u32,
        encoding: Units,
    ) -> Result<Source<'s>> {
        let unit = if encoding == Units::Utf16 { 2 } else { 1 };
        let align = if encoding == Units::Utf8 { 1 } else { 2 };
        let bytes = self.list_bytes(units, unit);
        let source = Source {
            side,
            pointer,
            units,
            bytes,
            encoding,
        };
        self.sink().local_get(bytes).i64_extend_i32_u();
        self.check_range(side, pointer, align, Trap::String)?;
        Ok(source)
    }

    /// Traps unless the units of a string are what they have to be.
    fn check_units(&mut self, source: &Source<'_>, check: Placed, trap: Trap) -> Result<()> {
        self.address(source.side, source.pointer)?;
        self.sink().local_get(source.bytes);
        self.call_helper(check);
        self.sink().i32_eqz();
        self.trap_if(trap);
        Ok(())
    }

    pub fn call_helper(&mut self, helper: Placed) {
        let index = self.maps.first_glue + self.glue.strings[&helper];
        self.sink().call(index);
    }

    /// Traps unless what is behind so many bytes of a string is UTF-16, if it has to be: what is before has been
    /// written. The guest's `realloc` has seen nothing but its own memory by then.
    fn check_rest(&mut self, source: &Source<'_>, read: u32) -> Result<()> {
        if source.encoding != Units::Utf16 {
            return Ok(());
        }
        self.unread(source, read)?;
        self.call_helper(placed(Helper::CheckUtf16, source.side, source.side)?);
        self.sink().i32_eqz();
        self.trap_if(Trap::Utf16);
        Ok(())
    }

    /// Calls a function for a string on its way.
    fn between(&mut self, helper: Helper, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        self.call_helper(placed(helper, target.side, source.side)?);
        Ok(())
    }

    /// `store_string_into_range`.
    fn write_string(&mut self, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        use StringEncoding::{Latin1Utf16, Utf8, Utf16};
        match (source.encoding, target.side.party.encoding) {
            (Units::Utf8, Utf16 | Latin1Utf16) => {
                let check = placed(Helper::CheckUtf8, source.side, source.side)?;
                self.check_units(source, check, Trap::Utf8)?;
            }
            (Units::Utf16, Utf16) => {
                let check = placed(Helper::CheckUtf16, source.side, source.side)?;
                self.check_units(source, check, Trap::Utf16)?;
            }
            _ => {}
        }
        match (source.encoding, target.side.party.encoding) {
            (Units::Utf8, Utf8) => self.utf8_copy(source, target),
            (Units::Utf16, Utf16) => self.string_copy(source, target, 2),
            (Units::Latin1, Latin1Utf16) => self.string_copy(source, target, 2),
            (Units::Latin1, Utf16) => {
                let size = self.doubled(source.units);
                self.allocate(target.side, 2, size, target.pointer)?;
                self.transcode(source, target, Units::Utf16)?;
                self.sink().drop();
                self.set(target.length, source.units);
                Ok(())
            }
            (Units::Utf16, Utf8) => self.string_to_utf8(source, target, 3),
            (Units::Latin1, Utf8) => self.string_to_utf8(source, target, 2),
            (Units::Utf8, Utf16) => self.utf8_to_utf16(source, target),
            (Units::Utf16, Latin1Utf16) if source.side.party.encoding == Latin1Utf16 => {
                self.probably_utf16(source, target)
            }
            (_, Latin1Utf16) => self.latin1_or_utf16(source, target),
        }
    }

    /// `store_string_copy` of UTF-8, which is checked on its way.
    fn utf8_copy(&mut self, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        self.allocate(target.side, 1, source.bytes, target.pointer)?;
        self.address(target.side, target.pointer)?;
        let copy = placed(Helper::CopyUtf8, target.side, source.side)?;
        self.check_units(source, copy, Trap::Utf8)?;
        self.set(target.length, source.units);
        Ok(())
    }

    /// `store_string_copy`, where the bytes stay.
    fn string_copy(&mut self, source: &Source<'_>, target: &Target<'_>, align: u32) -> Result<()> {
        self.allocate(target.side, align, source.bytes, target.pointer)?;
        self.move_string(source, target)?;
        self.set(target.length, source.units);
        Ok(())
    }

    /// `store_string_to_utf8`. The guest's `realloc` sees what was written before it is called, and what
    /// it makes of that stays.
    fn string_to_utf8(
        &mut self,
        source: &Source<'_>,
        target: &Target<'_>,
        worst: i32,
    ) -> Result<()> {
        self.allocate(target.side, 1, source.units, target.pointer)?;
        let read = self.begin(source, target, Units::Utf8)?;
        self.sink()
            .local_get(read)
            .local_get(source.bytes)
            .i32_ne()
            .if_(BlockType::Empty);
        self.check_rest(source, read)?;
        let size = self.local(ValType::I32);
        self.sink()
            .local_get(source.units)
            .i32_const(worst)
            .i32_mul()
            .local_set(size);
        self.reallocate(target.side, 1, Some(source.units), size, target.pointer)?;
        self.rest(source, read, target)?;
        self.between(
            Helper::Transcode(source.encoding, Units::Utf8),
            source,
            target,
        )?;
        self.set_written(target)?;
        self.shrink(target, 1, size, target.length)?;
        self.sink().end();
        Ok(())
    }

    /// `store_utf8_to_utf16`.
    fn utf8_to_utf16(&mut self, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        let worst = self.doubled(source.units);
        self.allocate(target.side, 2, worst, target.pointer)?;
        self.transcode(source, target, Units::Utf16)?;
        self.set_written(target)?;
        self.shrink(target, 2, worst, target.length)?;
        self.halve(target);
        Ok(())
    }

    /// `store_string_to_latin1_or_utf16`: as in [`Fused::string_to_utf8`], what was written as Latin-1 is
    /// taken from where the guest's `realloc` has left it.
    fn latin1_or_utf16(&mut self, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        self.allocate(target.side, 2, source.units, target.pointer)?;
        let read = self.begin(source, target, Units::Latin1)?;
        self.sink()
            .local_get(read)
            .local_get(source.bytes)
            .i32_eq()
            .if_(BlockType::Empty);
        self.shrink(target, 2, source.units, target.length)?;
        self.sink().else_();
        self.check_rest(source, read)?;
        let worst = self.doubled(source.units);
        self.reallocate(target.side, 2, Some(source.units), worst, target.pointer)?;
        self.address(target.side, target.pointer)?;
        self.sink().local_get(target.length);
        self.call_helper(placed(Helper::Inflate, target.side, target.side)?);
        self.sink()
            .local_get(target.length)
            .i32_const(1)
            .i32_shl()
            .local_set(target.length);
        self.rest(source, read, target)?;
        if source.encoding == Units::Utf16 {
            self.move_bytes(target.side, source.side)?;
            self.set(target.length, source.units);
        } else {
            let transcode = Helper::Transcode(source.encoding, Units::Utf16);
            self.between(transcode, source, target)?;
            self.set_written(target)?;
            self.shrink(target, 2, worst, target.length)?;
            self.halve(target);
        }
        self.tag(target);
        self.sink().end();
        Ok(())
    }

    /// `store_probably_utf16_to_latin1_or_utf16`. The second half of the UTF-16 stays behind the Latin-1.
    fn probably_utf16(&mut self, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        self.allocate(target.side, 2, source.bytes, target.pointer)?;
        let read = self.begin(source, target, Units::Latin1)?;
        self.sink()
            .local_get(read)
            .local_get(source.bytes)
            .i32_ne()
            .if_(BlockType::Empty);
        self.check_rest(source, read)?;
        self.move_string(source, target)?;
        self.set(target.length, source.units);
        self.tag(target);
        self.sink().else_();
        for (side, pointer) in [(target.side, target.pointer), (source.side, source.pointer)] {
            self.address(side, pointer)?;
            self.sink().local_get(source.units).i32_add();
        }
        self.sink().local_get(source.units);
        self.move_bytes(target.side, source.side)?;
        self.reallocate(
            target.side,
            1,
            Some(source.bytes),
            target.length,
            target.pointer,
        )?;
        self.sink().end();
        Ok(())
    }

    /// Gives back what is more than `size` of a block of `has` bytes.
    fn shrink(&mut self, target: &Target<'_>, align: u32, has: u32, size: u32) -> Result<()> {
        if target.side.host.is_some() {
            // The arena is emptied at once.
            return Ok(());
        }
        self.sink()
            .local_get(size)
            .local_get(has)
            .i32_lt_u()
            .if_(BlockType::Empty);
        self.reallocate(target.side, align, Some(has), size, target.pointer)?;
        self.sink().end();
        Ok(())
    }

    /// Writes the characters of a string that take one byte each, up to the first other one. The length
    /// of the target becomes how many bytes that were; a local with how many bytes were read is returned.
    fn begin(&mut self, source: &Source<'_>, target: &Target<'_>, to: Units) -> Result<u32> {
        let (begun, read) = (self.local(ValType::I64), self.local(ValType::I32));
        self.address(target.side, target.pointer)?;
        self.address(source.side, source.pointer)?;
        self.sink().local_get(source.bytes);
        self.between(Helper::Begin(source.encoding, to), source, target)?;
        self.sink()
            .local_tee(begun)
            .i32_wrap_i64()
            .local_set(target.length)
            .local_get(begun)
            .i64_const(32)
            .i64_shr_u()
            .i32_wrap_i64()
            .local_set(read);
        Ok(read)
    }

    /// Leaves on the stack where the rest of a string goes, where it is, and how many bytes it has: so
    /// many bytes were read, and the target has as many as its length says.
    fn rest(&mut self, source: &Source<'_>, read: u32, target: &Target<'_>) -> Result<()> {
        self.address(target.side, target.pointer)?;
        self.sink().local_get(target.length).i32_add();
        self.unread(source, read)
    }

    /// Leaves on the stack where the rest of a string is, and how many bytes it has: so many were read.
    fn unread(&mut self, source: &Source<'_>, read: u32) -> Result<()> {
        self.address(source.side, source.pointer)?;
        self.sink()
            .local_get(read)
            .i32_add()
            .local_get(source.bytes)
            .local_get(read)
            .i32_sub();
        Ok(())
    }

    /// Sets the length to the bytes up to the address on the stack.
    fn set_written(&mut self, target: &Target<'_>) -> Result<()> {
        self.address(target.side, target.pointer)?;
        self.sink().i32_sub().local_set(target.length);
        Ok(())
    }

    /// Leaves the address of the end of what was written on the stack.
    fn transcode(&mut self, source: &Source<'_>, target: &Target<'_>, to: Units) -> Result<()> {
        self.address(target.side, target.pointer)?;
        self.address(source.side, source.pointer)?;
        self.sink().local_get(source.bytes);
        self.between(Helper::Transcode(source.encoding, to), source, target)
    }

    fn move_string(&mut self, source: &Source<'_>, target: &Target<'_>) -> Result<()> {
        self.address(target.side, target.pointer)?;
        self.address(source.side, source.pointer)?;
        self.sink().local_get(source.bytes);
        self.move_bytes(target.side, source.side)
    }

    fn doubled(&mut self, local: u32) -> u32 {
        let doubled = self.local(ValType::I32);
        self.sink()
            .local_get(local)
            .i32_const(1)
            .i32_shl()
            .local_set(doubled);
        doubled
    }

    /// Makes a length in bytes one in units of UTF-16.
    fn halve(&mut self, target: &Target<'_>) {
        self.sink()
            .local_get(target.length)
            .i32_const(1)
            .i32_shr_u()
            .local_set(target.length);
    }

    fn set(&mut self, local: u32, value: u32) {
        if local != value {
            self.sink().local_get(value).local_set(local);
        }
    }

    fn tag(&mut self, target: &Target<'_>) {
        self.sink()
            .local_get(target.length)
            .i32_const(TAG)
            .i32_or()
            .local_set(target.length);
    }
}

const _: () = assert!(MAX_BYTES * 3 < 1 << 32, "worst cases fit 32 bits");
