//! A lock for which async code may wait long, since somebody waits for something else while he holds it.

use crate::{
    facts::locks::slow_holders::needs_others,
    rules::{Pass, held},
};

pub(super) fn check(pass: &mut Pass<'_, '_>) {
    let holders = pass.locks.slow_holders(pass.body, pass.effects);
    for it in holders.iter().filter(|it| !needs_others(it.wait)) {
        held::while_slow(pass, it, "this blocks a thread that should drive tasks, for as long");
    }
}
