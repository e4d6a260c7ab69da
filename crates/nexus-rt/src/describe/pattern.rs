//! The names of the cases of a `match`.

use crate::names::short;

/// Returns the name of a case in plans: its variants without their paths and without the names that they bind, as in
/// `New | Replace if urgent` for `Order::New(order) | Order::Replace { order, .. } if urgent`.
pub(super) fn case_name(pattern: &str) -> String {
    let pattern = one_line(pattern);
    let (alternatives, guard) = match pattern.split_once(" if ") {
        Some((alternatives, guard)) => (alternatives, format!(" if {guard}")),
        None => (pattern.as_str(), String::new()),
    };
    let variants: Option<Vec<_>> = alternatives.split(" | ").map(variant).collect();
    variants.map_or_else(|| short(alternatives), |variants| variants.join(" | ")) + &guard
}

/// Returns a pattern or guard that the compiler broke into lines as one line, or a note. White space inside a line
/// stays, since it may be that of a literal.
pub(super) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the name of the variant that a pattern is, unless the pattern asks for more than the variant.
fn variant(pattern: &str) -> Option<String> {
    let (path, bindings) = pattern.split_at(pattern.find(['(', '{']).unwrap_or(pattern.len()));
    let plain = |c: char| c.is_ascii_lowercase() || "_ ,.(){}".contains(c);
    let whole = bindings.matches(['(', '{']).count() == bindings.matches([')', '}']).count();
    let literal =
        bindings.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| matches!(word, "true" | "false"));
    (!path.is_empty() && whole && !literal && bindings.chars().all(plain)).then(|| short(path.trim()))
}

#[cfg(test)]
mod tests {
    use super::case_name;

    #[test]
    fn variants_are_named_without_paths_and_bindings() {
        for (pattern, name) in [
            ("Order::New(new)", "New"),
            ("orders::Order::Cancel { id, .. }", "Cancel"),
            ("&Order::Heartbeat", "&Heartbeat"),
            ("Order::Buy(order) | Order::Sell(order)", "Buy | Sell"),
            ("Order::New(new) if new.quantity > limit", "New if new.quantity > limit"),
            ("Some(Order::New(new))", "Some(New(new))"),
            ("Order::Cancel { id: 7, .. }", "Cancel { id: 7, .. }"),
            ("Some(Side::Buy | Side::Sell)", "Some(Buy | Sell)"),
            ("(Side::Buy, price)", "(Buy, price)"),
            ("1..=9", "1..=9"),
            ("\"a::b\"", "\"a::b\""),
            ("_", "_"),
            ("Order::Set(true)", "Set(true)"),
            ("Order::Set { on: false, .. }", "Set { on: false, .. }"),
            ("Order::Set(truehearted)", "Set"),
            ("Order::Buy(order) |\n    Order::Sell(order)", "Buy | Sell"),
            ("Order::Buy(order)\n| Order::Sell(order) if\norder.price\n    > 7", "Buy | Sell if order.price > 7"),
            ("Order::New {\n    price, quantity }", "New"),
            ("\"a  b\"", "\"a  b\""),
        ] {
            assert_eq!(case_name(pattern), name, "{pattern}");
        }
    }
}
