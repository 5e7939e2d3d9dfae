//! In which order patterns are tried on a value, and what each way to an arm says of the variants in it.
//!
//! This follows the compiler, which tests for all variants of one place at once: what is dropped at the end depends on
//! what each way leaves in the value.

use ra_ap_hir_def::{
    EnumVariantId, Lookup, VariantId,
    hir::{Pat, PatId},
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::facts::suspends::{
    builder::{Builder, Spot},
    graph::{BlockId, End, Part, Step},
};

/// How many ways through the alternatives of one pattern are told apart.
const MOST_ALTERNATIVES: usize = 32;

/// A pattern, as far as it is still to be tried.
struct Candidate {
    arm: usize,
    tests: Vec<Test>,
}

/// Whether what stands in a place is of a variant, or something else of which only is known that it may fail.
#[derive(Clone)]
struct Test {
    place: Place,
    variant: Option<EnumVariantId>,
}

/// The way from the value to a place in it; None is the way through a pointer.
type Place = Vec<Option<Part>>;

/// Where the arms begin, and where it goes on when their guards fail.
pub(super) struct Arms {
    pub starts: Vec<BlockId>,
    pub guarded: Vec<bool>,
    pub failed: Vec<Vec<BlockId>>,
}

impl Arms {
    /// One way to go on where a pattern matches.
    pub fn one(start: BlockId) -> Arms {
        Arms { starts: vec![start], guarded: vec![false], failed: vec![Vec::new()] }
    }
}

impl Builder<'_, '_> {
    /// From here to the arms whose patterns match; where none does, it goes on in the block that comes back.
    pub fn decide(&mut self, spot: &Spot, patterns: &[PatId], arms: &mut Arms) -> BlockId {
        let mut candidates = Vec::new();
        for (arm, pattern) in patterns.iter().enumerate() {
            let alternatives = self.tests(*pattern, &Place::new()).into_iter();
            candidates.extend(alternatives.map(|tests| Candidate { arm, tests }));
        }
        self.try_all(spot, self.at, candidates, arms)
    }

    /// On the way from here the value is what a pattern matches.
    pub fn assume(&mut self, spot: &Spot, pattern: PatId) {
        for test in self.tests(pattern, &Place::new()).into_iter().flatten() {
            if let Some(variant) = test.variant {
                self.tell(spot, &test.place, variant, true);
            }
        }
    }

    fn try_all(
        &mut self,
        spot: &Spot,
        mut from: BlockId,
        mut candidates: Vec<Candidate>,
        arms: &mut Arms,
    ) -> BlockId {
        while let Some(first) = candidates.first() {
            let rest = self.block();
            match first.tests.first().cloned() {
                None => {
                    let arm = candidates.remove(0).arm;
                    self.graph.blocks[from].end = End::Goto(arms.starts[arm]);
                    if arms.guarded[arm] {
                        arms.failed[arm].push(rest);
                    }
                }
                Some(test) => {
                    let outcomes = sorted(&test, &mut candidates);
                    let ways = self.try_outcomes(spot, &test.place, outcomes, rest, arms);
                    self.graph.blocks[from].end = End::Branch(ways);
                }
            }
            from = rest;
        }
        from
    }

    /// What comes after a test: for each outcome the patterns that it leaves, and `rest` where none of them matches.
    fn try_outcomes(
        &mut self,
        spot: &Spot,
        place: &Place,
        outcomes: Vec<Outcome>,
        rest: BlockId,
        arms: &mut Arms,
    ) -> Vec<BlockId> {
        let mut ways = Vec::new();
        let variants: Vec<EnumVariantId> = outcomes.iter().filter_map(|it| it.0).collect();
        for (variant, candidates) in outcomes {
            self.at = self.block();
            ways.push(self.at);
            variant.iter().for_each(|it| self.tell(spot, place, *it, true));
            let unmatched = self.try_all(spot, self.at, candidates, arms);
            self.graph.blocks[unmatched].end = End::Goto(rest);
        }
        if !self.are_all(&variants) {
            self.at = self.block();
            ways.push(self.at);
            variants.iter().for_each(|it| self.tell(spot, place, *it, false));
            self.goto(rest);
        }
        ways
    }

    /// What stands in a place of the value is of this variant, or is not.
    fn tell(&mut self, spot: &Spot, place: &Place, variant: EnumVariantId, is: bool) {
        let (Some(local), Some(fields)) = (spot.local, &spot.fields) else { return };
        let Some(place) = place.iter().copied().collect::<Option<Vec<Part>>>() else { return };
        let variant = variant.index(self.facts.db) as u32;
        self.step(Step::Told { local, place: [fields.clone(), place].concat(), variant, is });
    }

    fn are_all(&self, variants: &[EnumVariantId]) -> bool {
        let Some(first) = variants.first() else { return false };
        let owner = first.lookup(self.facts.db).parent;
        owner.enum_variants(self.facts.db).variants.len() == variants.len()
    }

    /// What is to be tested for a pattern to match: for each of its alternatives.
    fn tests(&self, pattern: PatId, place: &Place) -> Vec<Vec<Test>> {
        let mut place = place.clone();
        let adjustments = self.infer.pat_adjustment(pattern).map_or(0, |it| it.len());
        place.extend(std::iter::repeat_n(None, adjustments));
        let variant = self.infer.variant_resolution_for_pat(pattern);
        let opaque = || vec![Test { place: place.clone(), variant: None }];
        match &self.body[pattern] {
            Pat::Wild | Pat::Rest | Pat::Missing => vec![Vec::new()],
            Pat::Bind { subpat, .. } if variant.is_none() => {
                self.all_of(Vec::new(), subpat.iter().map(|it| (*it, place.clone())))
            }
            Pat::Bind { .. } | Pat::Path(_) => vec![self.test_of(variant, &place)],
            Pat::Tuple { args, ellipsis } => {
                let count = match self.infer.pat_ty(pattern).kind() {
                    TyKind::Tuple(types) => types.len(),
                    _ => args.len(),
                };
                self.all_of(Vec::new(), listed(args, *ellipsis, count, &place))
            }
            Pat::TupleStruct { args, ellipsis, .. } => {
                let count =
                    variant.map_or(args.len(), |it| it.fields(self.facts.db).fields().len());
                let test = self.test_of(variant, &place);
                place.extend(self.downcast(variant).map(Some));
                self.all_of(test, listed(args, *ellipsis, count, &place))
            }
            Pat::Record { args, .. } => {
                let test = self.test_of(variant, &place);
                place.extend(self.downcast(variant).map(Some));
                let fields = args.iter().map(|it| {
                    let field = variant.and_then(|it_| it_.fields(self.facts.db).field(&it.name));
                    let index = field.map_or(0, |it| it.into_raw().into_u32());
                    (it.pat, [place.clone(), vec![Some(Part::Field(index))]].concat())
                });
                self.all_of(test, fields)
            }
            Pat::Or(alternatives) => {
                let all: Vec<_> =
                    alternatives.iter().flat_map(|it| self.tests(*it, &place)).collect();
                if all.len() > MOST_ALTERNATIVES { vec![opaque()] } else { all }
            }
            Pat::Ref { pat: it, .. } | Pat::Box { inner: it } | Pat::Deref { inner: it } => {
                place.push(None);
                self.tests(*it, &place)
            }
            Pat::Slice { prefix, slice, suffix } => {
                let element = [place.clone(), vec![Some(Part::Field(0))]].concat();
                let all = prefix.iter().chain(slice).chain(suffix);
                self.all_of(opaque(), all.map(|it| (*it, element.clone())))
            }
            _ => vec![opaque()],
        }
    }

    /// `first`, and the tests of all of these.
    fn all_of(
        &self,
        first: Vec<Test>,
        patterns: impl IntoIterator<Item = (PatId, Place)>,
    ) -> Vec<Vec<Test>> {
        let mut all = vec![first];
        for (pattern, place) in patterns {
            let tests = self.tests(pattern, &place);
            if all.len() * tests.len() > MOST_ALTERNATIVES {
                all.iter_mut().for_each(|it| it.push(Test { place: place.clone(), variant: None }));
                continue;
            }
            let with = |before: Vec<Test>| {
                tests
                    .iter()
                    .map(move |it| [before.clone(), it.clone()].concat())
                    .collect::<Vec<_>>()
            };
            all = all.into_iter().flat_map(with).collect();
        }
        all
    }

    /// None for a struct, and for the only variant of an enum.
    fn test_of(&self, variant: Option<VariantId>, place: &Place) -> Vec<Test> {
        match variant {
            Some(VariantId::EnumVariantId(it)) if !self.are_all(&[it]) => {
                vec![Test { place: place.clone(), variant: Some(it) }]
            }
            _ => Vec::new(),
        }
    }

    pub fn downcast(&self, variant: Option<VariantId>) -> Option<Part> {
        match variant? {
            VariantId::EnumVariantId(it) => Some(Part::Variant(it.index(self.facts.db) as u32)),
            _ => None,
        }
    }
}

/// The patterns whose turn it is when what was tested is of a variant.
type Outcome = (Option<EnumVariantId>, Vec<Candidate>);

/// Takes out the first ones, as far as a test has a say in them; a test for something else than a variant decides about
/// one of them only.
fn sorted(test: &Test, candidates: &mut Vec<Candidate>) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    while let Some(candidate) = candidates.first_mut() {
        let is_same = |it: &Test| it.place == test.place && it.variant.is_some();
        let index = match test.variant {
            Some(_) => candidate.tests.iter().position(is_same),
            None => outcomes.is_empty().then_some(0),
        };
        let Some(index) = index else { break };
        let variant = candidate.tests.remove(index).variant;
        let candidate = candidates.remove(0);
        match outcomes.iter_mut().find(|it| it.0 == variant) {
            Some(it) => it.1.push(candidate),
            None => outcomes.push((variant, vec![candidate])),
        }
    }
    outcomes
}

/// The patterns of a list, with `..` somewhere in it or not, and where each of them stands.
fn listed(
    args: &[PatId],
    ellipsis: Option<u32>,
    count: usize,
    place: &Place,
) -> Vec<(PatId, Place)> {
    let index = |at: usize| match ellipsis.is_some_and(|it| at >= it as usize) {
        true => (count + at).saturating_sub(args.len()),
        false => at,
    };
    let at = |(at, it): (usize, &PatId)| {
        (*it, [place.clone(), vec![Some(Part::Field(index(at) as u32))]].concat())
    };
    args.iter().enumerate().map(at).collect()
}
