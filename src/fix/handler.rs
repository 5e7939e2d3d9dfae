//! What the handler of a branch does first.

use ra_ap_syntax::{TextRange, TextSize};

use crate::fix::lines::{indentation, line_end, step};

/// As wide as lines are where nobody says otherwise.
const WIDTH: usize = 100;

/// The edits that put a statement at the beginning of a handler.
pub(super) fn begin(text: &str, handler: TextRange, first: &str) -> Vec<(TextRange, String)> {
    let written = &text[handler];
    if !written.starts_with('{') {
        let start = usize::from(handler.start());
        let line = text[..start].rfind('\n').map_or(0, |it| it + 1);
        let one = format!("{{ {first} {written} }}");
        if text[line..start].len() + one.len() < WIDTH {
            return vec![(handler, one)];
        }
        let outer = format!("{}{}", line_end(text), indentation(text, handler.start()));
        let inner = format!("{outer}{}", step(text, handler.start()));
        return vec![(handler, format!("{{{inner}{first}{inner}{written}{outer}}}"))];
    }
    let open = handler.start() + TextSize::of('{');
    let below = written[1..].split_once('\n').filter(|it| it.0.trim().is_empty());
    let statement = match below {
        Some((_, below)) => {
            let spaces = below.len() - below.trim_start_matches([' ', '\t']).len();
            format!("{}{}{first}", line_end(text), &below[..spaces])
        }
        None if written[1..].trim_start().starts_with('}') => format!(" {first} "),
        None => format!(" {first}"),
    };
    let inside = TextRange::new(open, open + TextSize::of(empty_inside(written)));
    vec![(inside, statement)]
}

/// The spaces in a block that has nothing else.
fn empty_inside(block: &str) -> &str {
    let inside = block.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or_default();
    if inside.trim().is_empty() { inside } else { "" }
}
