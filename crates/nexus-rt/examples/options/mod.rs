//! Options of examples: `--name value`.

use std::fmt::Display;
use std::str::FromStr;

/// Returns the values of these options on the command line. Any other option is an error.
pub(crate) fn options<const N: usize>(names: [&str; N]) -> Result<[Option<String>; N], String> {
    let mut values = [const { None }; N];
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let at = names.iter().position(|name| *name == argument);
        let at = at.ok_or_else(|| format!("`{argument}` is not an option: use {}", names.join(", ")))?;
        values[at] = Some(arguments.next().ok_or_else(|| format!("{argument} needs a value"))?);
    }
    Ok(values)
}

/// Parses the value of an option.
pub(crate) fn parsed<T: FromStr<Err: Display>>(value: Option<String>, default: T) -> Result<T, String> {
    value.map_or(Ok(default), |value| value.parse().map_err(|error| format!("{value}: {error}")))
}
