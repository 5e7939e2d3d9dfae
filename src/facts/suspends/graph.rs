//! An async body as small steps: what is filled, moved, lent and dropped, and where the task is suspended.

use ra_ap_hir_def::hir::{BindingId, ExprId};
use ra_ap_hir_ty::next_solver::Ty;

pub(super) type LocalId = usize;
pub(super) type BlockId = usize;

/// A variable, or a value without a name that has a place of its own.
pub(super) struct Local<'db> {
    pub made: Made,
    pub type_: Ty<'db>,
    pub needs_drop: bool,
}

/// How a local came to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Made {
    Variable(BindingId),
    /// A variable from outside that an async block took along.
    Captured(BindingId),
    Temporary(ExprId),
    /// The future that is awaited here.
    Awaited(ExprId),
    /// What the compiler needs on the way.
    Hidden,
}

/// The fields that lead to a part of a local.
pub(super) type Fields = Vec<u32>;

/// Something is computed.
#[derive(Clone, Default, Debug)]
pub(super) struct Op {
    pub into: Option<LocalId>,
    /// The local of which a part is written.
    pub into_part: Option<LocalId>,
    pub uses: Vec<LocalId>,
    pub moves: Vec<LocalId>,
    pub parts: Vec<(LocalId, Fields)>,
    pub borrows: Vec<LocalId>,
    pub result: Contents,
    /// The call or the assignment in the code that this is.
    pub code: Option<ExprId>,
}

/// What is in the result of a computation.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) enum Contents {
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

    /// All that goes into the result.
    pub fn operands(&self) -> impl Iterator<Item = LocalId> {
        let whole = self.uses.iter().chain(&self.moves).chain(&self.borrows).copied();
        whole.chain(self.parts.iter().map(|it| it.0))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Run(Op),
    Drop(LocalId),
    /// Its place is given back.
    Gone(LocalId),
    /// It is there and holds no guard: a `None`, or what is left when the guard has been taken out.
    Emptied(LocalId),
}

#[derive(Clone, Debug)]
pub(super) enum End {
    /// Not written yet, or never reached.
    Open,
    Goto(BlockId),
    Branch(Vec<BlockId>),
    Suspend {
        await_: ExprId,
        resume: BlockId,
        /// What is dropped when the future is dropped here.
        pending: Vec<LocalId>,
    },
    Leave,
}

pub(super) struct Block {
    pub steps: Vec<Step>,
    pub end: End,
}

/// The whole body.
pub(super) struct Graph<'db> {
    pub locals: Vec<Local<'db>>,
    /// The first one is the entry.
    pub blocks: Vec<Block>,
    /// Where the turns of loops begin.
    pub turns: Vec<BlockId>,
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
