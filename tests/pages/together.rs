//! What is repaired in one module does not depend on the others, whichever they are and in whatever order they stand.

use async_fix::page::Example;

use crate::{
    Outcome,
    compile::as_module,
    example::expect_equal,
    fixture::{Fixture, Planned},
    pages,
};

/// So many files are put together from examples drawn by lot; with `ASYNC_FIX_HEAVY=1` a hundred times as many.
const FILES: usize = 20;
const MOST_MODULES: usize = 6;

pub fn random_modules(fixture: &Fixture) -> Outcome {
    let pages = pages();
    let examples: Vec<String> = pages
        .iter()
        .flat_map(|page| page.examples.iter().map(move |it: &Example| as_module(page, it)))
        // Such comments are about other modules of the file, too.
        .filter(|it| !it.contains("ignore-file"))
        .filter(|it| count(it, "async-fix: ignore-start") <= count(it, "async-fix: ignore-end"))
        .collect();
    let heavy = std::env::var_os("ASYNC_FIX_HEAVY").is_some();
    let mut alone: Vec<Option<Alone>> = examples.iter().map(|_| None).collect();
    let mut lots = Lots(7);
    for _ in 0..if heavy { 100 * FILES } else { FILES } {
        let mut chosen: Vec<usize> = Vec::new();
        for _ in 0..2 + lots.below(MOST_MODULES - 1) {
            let index = lots.below(examples.len());
            let alone = alone[index].get_or_insert_with(|| Alone::of(fixture, &examples[index]));
            // A name is there once.
            if !alone.looks_around && !chosen.contains(&index) {
                chosen.push(index);
            }
        }
        let text: String = chosen.iter().map(|it| examples[*it].as_str()).collect();
        let expected: String =
            chosen.iter().filter_map(|it| Some(alone[*it].as_ref()?.after.as_str())).collect();
        let planned = fixture.plan(&text);
        expect_equal("the modules together and each alone", &expected, &planned.after)?;
        let again = fixture.plan(&planned.after);
        expect_equal("the text after a second run", &planned.after, &again.after)?;
    }
    Ok(())
}

fn count(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// What becomes of a module that has the file to itself.
struct Alone {
    after: String,
    /// Locks of one type become asynchronous everywhere or not at all, so what other modules do with theirs has a say.
    looks_around: bool,
}

impl Alone {
    fn of(fixture: &Fixture, text: &str) -> Alone {
        let Planned { plan, after } = fixture.plan(text);
        let looks_around = plan.repairs.iter().any(|it| it.title.starts_with("Make every `"));
        Alone { after, looks_around }
    }
}

/// Numbers that look random and are the same in each run (xorshift).
struct Lots(u64);

impl Lots {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
