//! The same as a picture: each future as a bar, as wide as it is large, with what it keeps below it.

use std::fmt::Write;

use crate::{
    facts::sizes::{FutureSize, Part},
    report::sizes::{SMALL, place},
    workspace::Workspace,
};

const WIDTH: f64 = 1200.0;
const ROW: f64 = 20.0;
/// Between two of the largest futures.
const GAP: f64 = 16.0;
/// How much room a letter takes, about.
const LETTER: f64 = 6.6;
/// For what is kept throughout, and for what shares its place with others.
const COLOURS: [&str; 3] = ["#4c6a92", "#d98e4a", "#e3b778"];

/// The futures as an SVG, in this order.
pub fn svg<'a>(futures: impl Iterator<Item = &'a FutureSize>, workspace: &Workspace) -> String {
    let futures: Vec<&FutureSize> = futures.collect();
    let largest = futures.iter().map(|it| it.bytes).max().unwrap_or_default().max(1);
    let mut picture = Picture { scale: WIDTH / largest as f64, bars: String::new() };
    let mut y = 0.0;
    for future in futures {
        let least = if future.is_exact() { "" } else { "at least " };
        let label = format!("{}: {least}{} bytes", future.name, future.bytes);
        let said = format!("{} {label}", place(future, workspace));
        picture.bar((0.0, y), future.bytes, COLOURS[0], &label, &said);
        let below = picture.parts((0.0, y + ROW), future, future.bytes / SMALL, &mut Vec::new());
        y += ROW + below + GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" \
         font-family=\"monospace\" font-size=\"11\">\n{}</svg>\n",
        picture.bars
    )
}

struct Picture {
    scale: f64,
    bars: String,
}

impl Picture {
    /// Draws what a future keeps: side by side what it keeps throughout, and below each other what shares a place. How
    /// high that is comes back.
    fn parts<'a>(
        &mut self,
        (x, y): (f64, f64),
        future: &'a FutureSize,
        smallest: u64,
        above: &mut Vec<&'a FutureSize>,
    ) -> f64 {
        above.push(future);
        let shown = future.parts.iter().filter(|it| it.bytes >= smallest.max(1));
        let (fixed, shared): (Vec<&Part>, Vec<&Part>) = shown.partition(|it| it.fixed);
        let (mut right, mut height): (f64, f64) = (x, 0.0);
        for part in fixed {
            height = height.max(self.part((right, y), part, COLOURS[1], smallest, above));
            right += part.bytes as f64 * self.scale;
        }
        let mut below = 0.0;
        for part in shared {
            below += self.part((right, y + below), part, COLOURS[2], smallest, above);
        }
        above.pop();
        height.max(below)
    }

    fn part<'a>(
        &mut self,
        at: (f64, f64),
        part: &'a Part,
        colour: &str,
        smallest: u64,
        above: &mut Vec<&'a FutureSize>,
    ) -> f64 {
        let name = part.future.as_ref().map_or(&part.name, |it| &it.name);
        let label = format!("{name}: {}", part.bytes);
        let said = format!("{} bytes for `{}`", part.bytes, part.name);
        self.bar(at, part.bytes, colour, &label, &said);
        let below = match part.future.as_deref() {
            Some(it) if !above.contains(&it) => self.parts((at.0, at.1 + ROW), it, smallest, above),
            _ => 0.0,
        };
        ROW + below
    }

    fn bar(&mut self, (x, y): (f64, f64), bytes: u64, colour: &str, label: &str, said: &str) {
        let width = (bytes as f64 * self.scale).max(1.0);
        let room = (width / LETTER) as usize;
        let label: String = label.chars().take(room).collect();
        let height = ROW - 1.0;
        let _ = writeln!(
            self.bars,
            "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"white\">{}</text></g>",
            escaped(said),
            x + 3.0,
            y + 14.0,
            escaped(&label)
        );
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
