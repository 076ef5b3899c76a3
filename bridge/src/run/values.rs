//! Arguments of `--invoke`: text to numbers.

use anyhow::{Context, Result, bail};
use wasmparser::{ExternalKind, Parser, Payload, ValType, Validator, WasmFeatures};

use super::Value;
use crate::validate::located;

/// Reads `args` as what the exported function `export` of the core module `wasm` takes. Integers
/// may be signed or unsigned, decimal or `0x…`.
///
/// # Errors
///
/// When there is no such function, or an argument is missing, too many or no such number. A
/// missing function is left to [`super::run`] when there are no arguments either.
pub fn parse_args(wasm: &[u8], export: &str, args: &[String]) -> Result<Vec<Value>> {
    let Some(params) = params(wasm, export)? else {
        return Ok(Vec::new());
    };
    if params.len() != args.len() {
        bail!(
            "`{export}` takes {} arguments, but got {}",
            params.len(),
            args.len()
        );
    }
    params
        .iter()
        .zip(args)
        .map(|(ty, arg)| value(*ty, arg).with_context(|| format!("argument {arg:?} of `{export}`")))
        .collect()
}

fn params(wasm: &[u8], name: &str) -> Result<Option<Vec<ValType>>> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(located)?;
        validator.payload(&payload).map_err(located)?;
        let Payload::ExportSection(section) = payload else {
            continue;
        };
        for export in section {
            let export = export.map_err(located)?;
            if export.name == name && export.kind == ExternalKind::Func {
                let types = validator.types(0).context("the module has no types")?;
                let ty = types[types.core_function_at(export.index)].unwrap_func();
                return Ok(Some(ty.params().to_vec()));
            }
        }
    }
    Ok(None)
}

fn value(ty: ValType, text: &str) -> Result<Value> {
    Ok(match ty {
        ValType::I32 => {
            let wide = integer(text)?;
            match (i32::try_from(wide), u32::try_from(wide)) {
                (Ok(value), _) => Value::I32(value),
                (_, Ok(value)) => Value::I32(value as i32),
                _ => bail!("does not fit into 32 bits"),
            }
        }
        ValType::I64 => {
            let wide = integer(text)?;
            match (i64::try_from(wide), u64::try_from(wide)) {
                (Ok(value), _) => Value::I64(value),
                (_, Ok(value)) => Value::I64(value as i64),
                _ => bail!("does not fit into 64 bits"),
            }
        }
        ValType::F32 => Value::F32(text.parse().ok().context("not a number")?),
        ValType::F64 => Value::F64(text.parse().ok().context("not a number")?),
        other => bail!("a {other} cannot be given on the command line"),
    })
}

fn integer(text: &str) -> Result<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let value = value.ok().context("not a whole number")?;
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_signed_or_unsigned_decimal_or_hexadecimal() {
        assert_eq!(value(ValType::I32, "-1").unwrap(), Value::I32(-1));
        assert_eq!(value(ValType::I32, "0xffffffff").unwrap(), Value::I32(-1));
        assert_eq!(
            value(ValType::I64, "18446744073709551615").unwrap(),
            Value::I64(-1)
        );
        assert!(value(ValType::I32, "4294967296").is_err());
        assert!(value(ValType::I32, "1.5").is_err());
    }
}
