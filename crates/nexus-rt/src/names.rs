//! Type names as people write them.

/// The compiler's suffix for a struct or variant that is used as a function.
const CONSTRUCTOR: &str = "{{constructor}}";

/// Returns the full type name `name` without its paths and lifetimes: `Vec<Res<f64>>` for
/// `alloc::vec::Vec<nexus_rt::world::res::Res<'_, f64>>`.
pub(crate) fn short(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    // Where the last word begins, and whether it comes after a type, in which case the text before it is not a module
    // path.
    let (mut word, mut after_type) = (0, false);
    let mut rest = name;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(part_length(rest));
        rest = after;
        match part {
            "::" if rest.starts_with(CONSTRUCTOR) => rest = &rest[CONSTRUCTOR.len()..],
            "::" if after_type || out.ends_with(['>', '}', ')', ']']) => {
                out.push_str(part);
                (word, after_type) = (out.len(), true);
            }
            "::" => out.truncate(word),
            "'_" => {
                // Together with its separator.
                if let Some(after) = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(' ')) {
                    rest = after;
                } else if let (Some(after), Some('<')) = (rest.strip_prefix('>'), out.chars().last()) {
                    out.pop();
                    rest = after;
                    after_type = rest.starts_with("::");
                } else {
                    out.push_str(part);
                }
            }
            _ => {
                out.push_str(part);
                if !part.starts_with(is_word) {
                    (word, after_type) = (out.len(), false);
                }
            }
        }
    }
    out
}

/// Returns the length of the path at the start of a full name: `a::b::` in `a::b::f<c::D>`.
pub(crate) fn path_length(name: &str) -> usize {
    let (mut depth, mut length, mut at) = (0, 0, 0);
    while at < name.len() {
        let part = &name[at..][..part_length(&name[at..])];
        at += part.len();
        match part {
            "<" | "(" | "[" => depth += 1,
            ">" | ")" | "]" => depth -= 1,
            "::" if depth == 0 && !name[at..].starts_with(CONSTRUCTOR) => length = at,
            _ => {}
        }
    }
    length
}

/// Returns the length of the first part of a name: a word, a literal, a lifetime, text in braces, or a sign.
fn part_length(name: &str) -> usize {
    let word = |from: usize| name[from..].find(|c| !is_word(c)).map_or(name.len(), |length| from + length);
    let mut chars = name.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) | (Some('\''), Some(_), Some('\'')) | (Some('"'), ..) => quoted_length(name),
        (Some('\''), ..) => word(1),
        (Some('{'), ..) => braced_length(name),
        (Some(':'), Some(':'), _) | (Some('-'), Some('>'), _) => 2,
        (Some(c), ..) if is_word(c) => word(0),
        (first, ..) => first.map_or(0, char::len_utf8),
    }
}

/// Returns the length of the literal at the start, including its quotes.
fn quoted_length(name: &str) -> usize {
    let mut escaped = false;
    let ends = |&(at, c): &(usize, char)| {
        let is_end = at > 0 && !escaped && name.starts_with(c);
        escaped = !escaped && c == '\\';
        is_end
    };
    name.char_indices().find(ends).map_or(name.len(), |(at, _)| at + 1)
}

/// Returns the length of the text in braces at the start, including the braces.
fn braced_length(name: &str) -> usize {
    let mut at = 1;
    while at < name.len() && !name[at..].starts_with('}') {
        at += part_length(&name[at..]);
    }
    name.len().min(at + 1)
}

/// Beyond ASCII there are no signs: a character that is not a letter there belongs to a word. A `#` occurs in raw
/// names.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '#' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn what_the_compiler_writes_stays_whole() {
        for (full, expected) in [
            ("a::Ch<':'>", "Ch<':'>"),
            (r"(a::Ch<'<'>, a::Ch<'\''>, a::Ch<'_'>, a::Ch<' '>)", r"(Ch<'<'>, Ch<'\''>, Ch<'_'>, Ch<' '>)"),
            (r#"a::Text<"b::c<'_> \" d::e">"#, r#"Text<"b::c<'_> \" d::e">"#),
            ("a::N<-5, true>", "N<-5, true>"),
            ("a::Both<'_, '_>", "Both"),
            ("a::G<'_, '_, b::C>::call", "G<C>::call"),
            ("a::Bundle<'_>::call", "Bundle::call"),
            ("fn(&'_ a::B, &'_ u8) -> &'_ a::fn::type", "fn(&B, &u8) -> &type"),
            ("for<'a> extern \"C\" fn(&'a a::B)", "for<'a> extern \"C\" fn(&'a B)"),
            ("*const a::B", "*const B"),
            ("<a::B<c::D> as e::F>::run::inner", "<B<D> as F>::run::inner"),
            ("core::num::<impl u8>::from_str_radix", "<impl u8>::from_str_radix"),
            ("a::main::{{closure}}::{{closure}}", "{{closure}}::{{closure}}"),
            ("a::{closure#0}", "{closure#0}"),
            ("a::V<{b::C { c: 'd', e: '}' }}>", "V<{b::C { c: 'd', e: '}' }}>"),
            ("a::Order::{{constructor}}", "Order"),
            ("core::option::Option<a::B>::Some::{{constructor}}", "Option<B>::Some"),
            ("größe::क्ष::Größe<r#a::r#type>", "Größe<r#type>"),
            ("a::Ch<'", "Ch<'"),
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
            ("a::f<b::Ch<'<'>, b::Ch<'\"'>>", "f<b::Ch<'<'>, b::Ch<'\"'>>"),
            ("a::f<{b::C { c: '>' }}>", "f<{b::C { c: '>' }}>"),
            ("core::num::<impl u8>::from_str_radix", "from_str_radix"),
            ("a::Order::{{constructor}}", "Order::{{constructor}}"),
        ] {
            assert_eq!(&full[path_length(full)..], name);
        }
    }

    /// A full name, and its expected short form.
    type Pair = (String, String);

    /// A module path, `a::b::`, or none.
    fn path() -> impl Strategy<Value = String> {
        prop::collection::vec("[a-z_][a-z0-9_]{0,3}::|ж::", 0..3).prop_map(|modules| modules.concat())
    }

    /// A literal as the compiler writes it.
    fn literal() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<char>().prop_map(|c| format!("{c:?}")),
            any::<String>().prop_map(|text| format!("{text:?}")),
            "-?[0-9]{1,3}"
        ]
    }

    /// A type built from parts.
    fn of(part: impl Strategy<Value = Pair> + Clone + 'static) -> impl Strategy<Value = Pair> {
        let list = |open: &'static str, close: &'static str, parts: Vec<Pair>| {
            let (full, rest): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            (format!("{open}{}{close}", full.join(", ")), format!("{open}{}{close}", rest.join(", ")))
        };
        let around = |(before, (full, rest), after): (&str, Pair, &str)| {
            (format!("{before}{full}{after}"), format!("{}{rest}{after}", before.replace("'_ ", "")))
        };
        let parts = prop::collection::vec(part.clone(), 1..4);
        prop_oneof![
            (path(), "[A-Z][a-z]{0,3}|Größe", parts.clone(), prop_oneof![Just(""), Just("'_, "), Just("'_, '_, ")])
                .prop_map(move |(path, name, parts, lifetimes)| {
                    let (full, rest) = list("", ">", parts);
                    (format!("{path}{name}<{lifetimes}{full}"), format!("{name}<{rest}"))
                }),
            (path(), "[A-Z][a-z]{0,3}", literal()).prop_map(|(path, name, literal)| {
                (format!("{path}{name}<{literal}>"), format!("{name}<{literal}>"))
            }),
            (path(), "[A-Z][a-z]{0,3}", prop_oneof![Just(""), Just("<'_>"), Just("<'_, '_>")])
                .prop_map(|(path, name, lifetimes)| (format!("{path}{name}{lifetimes}"), name)),
            (parts.clone(), part.clone()).prop_map(move |(parts, (full, rest))| {
                let (before, left) = list("fn(", ")", parts);
                (format!("{before} -> {full}"), format!("{left} -> {rest}"))
            }),
            parts.prop_map(move |parts| list("(", ")", parts)),
            (prop_oneof![Just("&"), Just("&'_ "), Just("*mut "), Just("&mut ")], part.clone(), Just(""))
                .prop_map(around),
            (Just("["), part.clone(), Just("; 4]")).prop_map(around),
            (Just("<"), part, Just(" as Trait>::Item")).prop_map(around),
        ]
    }

    proptest! {
        #[test]
        fn only_paths_and_elided_lifetimes_go(
            (full, expected) in Just(("u8".to_owned(), "u8".to_owned())).prop_recursive(4, 24, 3, of),
        ) {
            prop_assert_eq!(short(&full), expected);
        }

        #[test]
        fn a_path_is_found_before_any_name(
            path in path(),
            (full, _) in Just(("u8".to_owned(), String::new())).prop_recursive(3, 12, 3, of),
        ) {
            let name = format!("f<{full}>");
            prop_assert_eq!(path_length(&format!("{path}{name}")), path.len());
        }

        /// Names are only displayed, so no name may end the program.
        #[test]
        fn any_text_is_a_name(text in any::<String>(), signs in "['\"{}<>:\\\\_a -]{0,12}") {
            for name in [&text, &signs, &format!("{signs}{text}")] {
                short(name);
                prop_assert!(name.is_char_boundary(path_length(name)));
            }
        }
    }
}
