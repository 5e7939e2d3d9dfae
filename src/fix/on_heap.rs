//! A `Vec` in place of an array.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    facts::{on_heap::OnHeap, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::edits,
};

/// `vec![value; length]`, which is as long as the array from the start.
pub fn vec(around: &Surroundings<'_>, name: &str, on_heap: &OnHeap) -> Option<Fix> {
    let mut all = vec![(on_heap.at.range, "vec!".to_owned())];
    if let Some((type_, element)) = &on_heap.type_ {
        all.push((type_.range, format!("Vec<{}>", &around.text(element)?[element.range])));
    }
    Some(Fix {
        title: format!("Keep what is in `{name}` on the heap"),
        applicability: Applicability::Safe,
        doubt: None,
        edits: BTreeMap::from([(on_heap.at.file.clone(), edits::joined(all)?)]),
        wants: BTreeSet::new(),
    })
}
