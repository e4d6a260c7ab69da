//! Type names as a person writes them.

/// The full type name `name` without the paths and lifetimes in it: `Vec<Res<f64>>` for
/// `alloc::vec::Vec<nexus_rt::world::res::Res<'_, f64>>`.
pub(crate) fn short(name: &str) -> String {
    let name = name.replace("<'_>", "").replace("'_, ", "").replace("'_ ", "");
    let mut out = String::with_capacity(name.len());
    let mut word_start = 0;
    let mut rest = name.chars();
    while let Some(c) = rest.next() {
        if c == ':' {
            rest.next(); // the second colon
            if out.ends_with('>') {
                out.push_str("::");
                word_start = out.len();
            }
            out.truncate(word_start);
        } else {
            out.push(c);
            if !(c.is_alphanumeric() || c == '_') {
                word_start = out.len();
            }
        }
    }
    out
}

/// How long the path at the start of a full name is, `a::b::` in `a::b::f<c::D>`.
pub(crate) fn path_length(name: &str) -> usize {
    let mut depth = 0;
    let mut length = 0;
    let mut before = ' ';
    for (at, c) in name.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before == '-' => {}
            '>' | ')' | ']' => depth -= 1,
            ':' if before == ':' && depth == 0 => length = at + 1,
            _ => {}
        }
        before = c;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::{path_length, short};

    #[test]
    fn paths_go_and_structure_stays() {
        for (full, expected) in [
            ("u64", "u64"),
            ("alloc::vec::Vec<f64>", "Vec<f64>"),
            ("core::option::Option<nexus_rt::world::res::Res<'_, a::b::C>>", "Option<Res<C>>"),
            ("(a::Bundle<'_>, &'_ str)", "(Bundle, &str)"),
            ("(a::B, &[c::D; 4])", "(B, &[D; 4])"),
            ("dyn a::T<E = b::F> + core::marker::Send", "dyn T<E = F> + Send"),
            ("a::main::{{closure}}", "{{closure}}"),
            ("alloc::vec::Vec<a::b>::len", "Vec<b>::len"),
        ] {
            assert_eq!(short(full), expected);
        }
    }

    #[test]
    fn a_path_ends_before_the_name_whatever_stands_inside_of_it() {
        for (full, name) in [
            ("f", "f"),
            ("a::b::f", "f"),
            ("a::f<alloc::vec::Vec<b::C>>", "f<alloc::vec::Vec<b::C>>"),
            ("alloc::boxed::Box<dyn core::ops::FnMut(u64) -> a::B>", "Box<dyn core::ops::FnMut(u64) -> a::B>"),
            ("<a::B as c::D>::run", "run"),
        ] {
            assert_eq!(&full[path_length(full)..], name);
        }
    }
}
