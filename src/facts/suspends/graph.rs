//! An async body as small steps: what is filled, moved, lent and dropped, and where the task is suspended.

use std::collections::HashMap;

use ra_ap_hir_def::hir::{BindingId, ExprId};
use ra_ap_hir_ty::next_solver::Ty;

pub(in crate::facts) type LocalId = usize;
pub(in crate::facts) type BlockId = usize;
pub(in crate::facts) type CleanupId = usize;

/// A variable, or a value without a name that has a place of its own.
pub(in crate::facts) struct Local<'db> {
    pub made: Made,
    pub type_: Ty<'db>,
    pub needs_drop: bool,
}

/// How a local came to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::facts) enum Made {
    Variable(BindingId),
    /// A variable from outside that an async block took along.
    Captured(BindingId),
    Temporary(ExprId),
    /// The future that is awaited here.
    Awaited(ExprId),
    /// What the compiler needs on the way.
    Hidden,
}

/// One step from a value into it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(in crate::facts) enum Part {
    Field(u32),
    /// What it has where it is of this variant.
    Variant(u32),
}

/// The steps that lead to a part of a local.
pub(in crate::facts) type Fields = Vec<Part>;

/// Something is computed.
#[derive(Clone, Default, Debug)]
pub(in crate::facts) struct Op {
    pub into: Option<LocalId>,
    /// The part that is written of a local.
    pub into_part: Option<(LocalId, Fields)>,
    pub uses: Vec<LocalId>,
    pub moves: Vec<LocalId>,
    pub parts: Vec<(LocalId, Fields)>,
    pub borrows: Vec<LocalId>,
    pub result: Contents,
    /// The call or the assignment in the code that this is.
    pub code: Option<ExprId>,
    /// What is dropped where this is a call, and panics.
    pub cleanup: Option<CleanupId>,
}

/// What is in the result of a computation.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(in crate::facts) enum Contents {
    /// Whatever its type allows.
    #[default]
    Anything,
    /// What is in the operands: it is built of them.
    OfOperands,
}

impl Op {
    pub fn into(local: LocalId) -> Op {
        Op { into: Some(local), ..Op::default() }
    }

    /// The local that is written, all of it or a part.
    pub fn written(&self) -> impl Iterator<Item = LocalId> {
        self.into.iter().copied().chain(self.into_part.iter().map(|it| it.0))
    }

    /// All that goes into the result.
    pub fn operands(&self) -> impl Iterator<Item = LocalId> {
        let whole = self.uses.iter().chain(&self.moves).chain(&self.borrows).copied();
        whole.chain(self.parts.iter().map(|it| it.0))
    }
}

#[derive(Clone, Debug)]
pub(in crate::facts) enum Step {
    Run(Op),
    Drop {
        local: LocalId,
        /// What is dropped after it where its destructor panics; None where another value takes its place before that.
        cleanup: Option<CleanupId>,
    },
    /// Its place is given back.
    Gone(LocalId),
    /// On this way a part of a local is of a variant, or is not.
    Told {
        local: LocalId,
        place: Fields,
        variant: u32,
        is: bool,
    },
    /// It is there and holds no guard: a `None`, or what is left when the guard has been taken out.
    Emptied(LocalId),
}

#[derive(Clone, Debug)]
pub(in crate::facts) enum End {
    /// Not written yet, or never reached.
    Open,
    Goto(BlockId),
    Branch(Vec<BlockId>),
    Suspend {
        await_: ExprId,
        resume: BlockId,
        /// What is dropped when the future is dropped here.
        cleanup: CleanupId,
    },
    Leave,
}

pub(in crate::facts) struct Block {
    pub steps: Vec<Step>,
    pub end: End,
}

/// What happens to a local when its scope ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::facts) enum Ending {
    Gone,
    Drop,
}

/// What is left to be done when a body ends before its time: one local ends, then what `then` says.
pub(in crate::facts) struct Cleanup {
    pub then: CleanupId,
    pub local: LocalId,
    pub ending: Ending,
}

/// Every such rest of work. Those that end alike share their ends, as the compiler has it.
pub(in crate::facts) struct Cleanups {
    /// The first one stands for nothing left to do.
    pub all: Vec<Option<Cleanup>>,
    known: HashMap<(CleanupId, LocalId, Ending), CleanupId>,
}

impl Cleanups {
    pub const NOTHING: CleanupId = 0;

    pub fn new() -> Cleanups {
        Cleanups { all: vec![None], known: HashMap::new() }
    }

    /// The work that begins with the end of a local.
    pub fn before(&mut self, then: CleanupId, local: LocalId, ending: Ending) -> CleanupId {
        let next = self.all.len();
        let id = *self.known.entry((then, local, ending)).or_insert(next);
        if id == next {
            self.all.push(Some(Cleanup { then, local, ending }));
        }
        id
    }

    /// The locals that are dropped in the course of it.
    pub fn drops(&self, id: CleanupId) -> impl Iterator<Item = LocalId> {
        let all = std::iter::successors(self.all[id].as_ref(), |it| self.all[it.then].as_ref());
        all.filter(|it| it.ending == Ending::Drop).map(|it| it.local)
    }
}

/// The whole body.
pub(in crate::facts) struct Graph<'db> {
    pub locals: Vec<Local<'db>>,
    /// The first one is the entry.
    pub blocks: Vec<Block>,
    /// Where the turns of loops begin.
    pub turns: Vec<BlockId>,
    pub cleanups: Cleanups,
    /// Code that has no steps here: it does not expand, or nobody has said what it does.
    pub gap: Option<ExprId>,
}

impl Graph<'_> {
    pub fn successors(&self, block: BlockId) -> &[BlockId] {
        match &self.blocks[block].end {
            End::Open | End::Leave => &[],
            End::Goto(it) | End::Suspend { resume: it, .. } => std::slice::from_ref(it),
            End::Branch(them) => them,
        }
    }
    pub fn variable(&self, id: BindingId) -> Option<LocalId> {
        let made = [Made::Variable(id), Made::Captured(id)];
        self.locals.iter().position(|it| made.contains(&it.made))
    }

    /// Whether this way leads back to the next turn of a loop.
    pub fn is_way_back(&self, from: BlockId, to: BlockId) -> bool {
        // A loop's own blocks are made after the one that it begins with.
        from >= to && self.turns.contains(&to)
    }
}
