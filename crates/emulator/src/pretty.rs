//! JSON laid out for people, as `X-PrettyPrint: 1` asks: the same members in the same order, only with white space.

/// Lays out a JSON document.
pub(crate) fn pretty(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in json.iter().enumerate() {
        if in_text {
            out.push(*byte);
            (in_text, is_escaped) = (*byte != b'"' || is_escaped, *byte == b'\\' && !is_escaped);
            continue;
        }
        match byte {
            b'"' => {
                in_text = true;
                out.push(b'"');
            }
            b'{' | b'[' => {
                out.push(*byte);
                if !matches!(json.get(at + 1), Some(b'}' | b']')) {
                    depth += 1;
                    new_line(depth, &mut out);
                }
            }
            b'}' | b']' => {
                if !matches!(json.get(at.wrapping_sub(1)), Some(b'{' | b'[')) {
                    depth = depth.saturating_sub(1);
                    new_line(depth, &mut out);
                }
                out.push(*byte);
            }
            b',' => {
                out.push(b',');
                new_line(depth, &mut out);
            }
            b':' => out.extend_from_slice(b" : "),
            _ => out.push(*byte),
        }
    }
    out
}

fn new_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_stays_the_same() {
        let json = br#"{"a":[1,{"b":"x,\"{y\\"}],"c":{},"d":[]}"#;

        let text = String::from_utf8(pretty(json)).unwrap();

        let (was, is): (serde_json::Value, serde_json::Value) =
            (serde_json::from_slice(json).unwrap(), serde_json::from_str(&text).unwrap());
        assert_eq!(was, is);
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(text.starts_with("{\n  \"a\" : [\n    1,\n    {\n      \"b\" : "), "{text}");
    }
}
