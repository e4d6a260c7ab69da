//! Patterns of KEYS, SCAN and CONFIG GET: `*`, `?`, `[a-c]`, `[^x]`, and `\` to escape a character.

/// Returns whether `text` matches all of `pattern`.
///
/// Only the last star is tried again, so the time is at most the product of both lengths, whatever the pattern.
#[must_use]
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The position after the last star, and the length of the text that the star has matched so far.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        if let Some(&byte) = text.get(t) {
            if let Some(length) = one(&pattern[p..], byte) {
                p += length;
                t += 1;
                continue;
            }
        } else if p == pattern.len() {
            return true;
        }
        // On a mismatch, the last star matches one more byte.
        match &mut star {
            Some((after, taken)) if *taken < text.len() => {
                *taken += 1;
                (p, t) = (*after, *taken);
            }
            _ => return false,
        }
    }
}

/// Returns the length of the first element of the pattern, which is not a star, if it matches the byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => {
            let (length, within) = in_class(class, byte);
            within.then_some(1 + length)
        }
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
    }
}

/// Returns the length of a class, including its bracket, and whether it contains the byte. A class without an end
/// extends to the end of the pattern.
fn in_class(class: &[u8], byte: u8) -> (usize, bool) {
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut within = false;
    loop {
        match &class[at..] {
            [] => return (at, within != negated),
            [b'\\', literal, ..] => {
                within |= *literal == byte;
                at += 2;
            }
            [b']', ..] => return (at + 1, within != negated),
            [from, b'-', to, ..] => {
                within |= (*from.min(to)..=*from.max(to)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                within |= *literal == byte;
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_redis() {
        let holds = [
            ("", ""),
            ("*", ""),
            ("*", "abc"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("a*c", "abcbc"),
            ("?", "x"),
            ("h?llo", "hello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hallo"),
            ("h[a-b]llo", "hbllo"),
            ("h[b-a]llo", "hallo"),
            ("\\*", "*"),
            ("[\\]]", "]"),
            ("**a", "a"),
            ("a**", "a"),
            ("*a*b*", "xxaxxbxx"),
            ("[abc", "c"),
            ("a\\", "a\\"),
        ];
        for (pattern, text) in holds {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        let fails = [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a*c", "ab"),
            ("h[ae]llo", "hillo"),
            ("h[^e]llo", "hello"),
            ("\\*", "a"),
            ("[a]", ""),
            ("*b", "abc"),
            ("abc", "ABC"),
        ];
        for (pattern, text) in fails {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let (pattern, text) = ("*a".repeat(1_000), "a".repeat(999) + "b");
        assert!(!matches(pattern.as_bytes(), text.as_bytes()));
    }
}
