//! What a composition is made of: one flat, fixed-size list of nodes, without recursion, and the walk over it.
//!
//! A composition is written down front to back: a node that joins schedules, then the schedules it joins, each with all
//! that is inside it. A node knows how many nodes its own part takes, so that a walk can pass over the parts it does not need. Walking
//! takes a handful of frames for what is still to be combined, and no call.

use crate::error::{ConfigError, finite, nonzero};
use crate::kinds::Kind;
use crate::noise::Noise;
use crate::numeric::{larger, product, smaller};

/// How deep compositions that combine values can stand in one another.
const DEPTH: usize = 6;

/// A piece of a composition.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The step of the sequence around it at which this part begins; 0 outside of sequences.
    pub(crate) from: u32,
    /// What its clock reads then; 0 outside of sequences.
    pub(crate) clock: u32,
    /// How many nodes it takes, itself included.
    pub(crate) len: u16,
    pub(crate) body: Body,
}

#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Kind(Kind),
    /// Stands for the feedback schedule beside the program.
    Feedback,
    /// Parts that follow one another.
    Sequence,
    Combined(Combine),
    Changed(Change),
    /// The clock runs from 0 to below this, again and again.
    Repeat(u32),
}

/// How several rates become one.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Their product. A rate of 0 makes it 0, also where another has overflowed to infinity.
    Product,
    /// Their sum. Infinities of opposite signs have none: NaN.
    Sum,
    /// Their mean, the sum divided by their number; NaN where the sum is.
    Average,
}

/// What is done to the rate of a schedule.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// It is multiplied by this. A product with 0 is 0, also where the rate has overflowed to infinity.
    Scale(f64),
    /// It is kept within these.
    Clamp {
        /// The lowest rate; minus infinity for none.
        min_lr: f64,
        /// The highest rate; infinity for none.
        max_lr: f64,
    },
    /// It is multiplied by noise, as by a scale.
    Noise(Noise),
}

impl Change {
    /// This change, if it can be made.
    fn checked(self) -> Result<Self, ConfigError> {
        match self {
            Self::Scale(factor) => {
                finite("factor", factor)?;
            }
            Self::Clamp { min_lr, max_lr } => {
                if min_lr.is_nan() {
                    return Err(ConfigError::NotFinite {
                        field: "min_lr",
                        value: min_lr,
                    });
                }
                // NaN included.
                if !(min_lr <= max_lr) {
                    return Err(ConfigError::OutOfRange {
                        field: "max_lr",
                        value: max_lr,
                        expected: "at least min_lr",
                    });
                }
            }
            // Its constructor has checked it.
            Self::Noise(_) => {}
        }
        Ok(self)
    }

    /// What it makes of a rate, where the clock reads this.
    #[inline]
    #[must_use]
    pub fn apply(&self, value: f64, clock: u32) -> f64 {
        match *self {
            Self::Scale(factor) => product(value, factor),
            // The value comes first, so that a NaN stays one.
            Self::Clamp { min_lr, max_lr } => smaller(larger(value, min_lr), max_lr),
            Self::Noise(ref noise) => product(value, noise.factor(clock)),
        }
    }
}

/// What compositions are evaluated in: one rate before it is rounded, or a caller's own rates of several steps.
pub trait Value: Sized {
    /// The product of two, where 0 makes 0 of anything that is no NaN.
    #[must_use]
    fn product(self, other: Self) -> Self;
    /// The sum of two.
    #[must_use]
    fn sum(self, other: Self) -> Self;
    /// The share of one among so many.
    #[must_use]
    fn shared(self, parts: u32) -> Self;
    /// The same after a change; the clock reads this at the first step.
    #[must_use]
    fn changed(self, change: &Change, clock: u32) -> Self;
}

impl Value for f64 {
    #[inline]
    fn product(self, other: Self) -> Self {
        product(self, other)
    }

    #[inline]
    fn sum(self, other: Self) -> Self {
        self + other
    }

    #[inline]
    fn shared(self, parts: u32) -> Self {
        self / Self::from(parts)
    }

    #[inline]
    fn changed(self, change: &Change, clock: u32) -> Self {
        change.apply(self, clock)
    }
}

/// A combination that waits for the values of its parts.
struct Frame<V> {
    node: usize,
    /// The part after the one that is being evaluated.
    next: usize,
    clock: u32,
    so_far: Option<V>,
    parts: u32,
}

pub(crate) type Nodes<const N: usize> = heapless::Vec<Node, N>;

/// Evaluates a composition at a step; `leaf` gives the value of a kind, or of the feedback schedule, at its own clock.
///
/// There is no value only where `leaf` has none, or where the nodes do not fit together, which the constructors see to.
pub(crate) fn evaluate<V: Value>(
    nodes: &[Node],
    step: u32,
    mut leaf: impl FnMut(Option<&Kind>, u32) -> Option<V>,
) -> Option<V> {
    let mut frames: heapless::Vec<Frame<V>, DEPTH> = heapless::Vec::new();
    let (mut at, mut clock) = (0_usize, step);
    // Each turn either goes one node further or ends: there are never more turns than nodes.
    while let Some(node) = nodes.get(at) {
        let mut value = match &node.body {
            Body::Kind(kind) => leaf(Some(kind), clock)?,
            Body::Feedback => leaf(None, clock)?,
            Body::Sequence => {
                (at, clock) = part_in_force(nodes, at, clock);
                continue;
            }
            Body::Repeat(period) => {
                clock = clock.checked_rem(*period).unwrap_or(0);
                at = at.saturating_add(1);
                continue;
            }
            Body::Combined(_) | Body::Changed(_) => {
                let next = at.saturating_add(1);
                let frame = Frame {
                    node: at,
                    next,
                    clock,
                    so_far: None,
                    parts: 0,
                };
                // The constructors see to it that there is room.
                frames.push(frame).ok()?;
                at = next;
                continue;
            }
        };
        // The value goes up to whoever waits for it.
        loop {
            let Some(frame) = frames.last_mut() else {
                return Some(value);
            };
            let waiting = nodes.get(frame.node)?;
            let part_len = nodes.get(frame.next).map_or(1, |part| part.len);
            frame.next = frame.next.saturating_add(usize::from(part_len));
            let together = match (frame.so_far.take(), &waiting.body) {
                (None, _) => value,
                (Some(so_far), Body::Combined(Combine::Product)) => so_far.product(value),
                (Some(so_far), _) => so_far.sum(value),
            };
            frame.parts = frame.parts.saturating_add(1);
            if frame.next < frame.node.saturating_add(usize::from(waiting.len)) {
                frame.so_far = Some(together);
                (at, clock) = (frame.next, frame.clock);
                break;
            }
            value = match &waiting.body {
                Body::Combined(Combine::Average) => together.shared(frame.parts),
                Body::Changed(change) => together.changed(change, frame.clock),
                _ => together,
            };
            frames.pop();
        }
    }
    None
}

/// The part of the sequence at `at` that is in force at `clock`, and what its own clock reads.
fn part_in_force(nodes: &[Node], at: usize, clock: u32) -> (usize, u32) {
    let first = at.saturating_add(1);
    let (mut found, mut own) = (first, clock);
    let mut part = first;
    let end = nodes.get(at).map_or(first, |sequence| {
        at.saturating_add(usize::from(sequence.len))
    });
    while part < end {
        let Some(node) = nodes.get(part).filter(|node| node.from <= clock) else {
            break;
        };
        (found, own) = (
            part,
            clock.saturating_sub(node.from).saturating_add(node.clock),
        );
        part = part.saturating_add(usize::from(node.len));
    }
    (found, own)
}

/// The step at which the part after the one in force at `clock` begins.
fn next_part_begins(nodes: &[Node], at: usize, clock: u32) -> Option<u32> {
    let (found, _) = part_in_force(nodes, at, clock);
    let after = found.saturating_add(usize::from(nodes.get(found)?.len));
    let end = at.saturating_add(usize::from(nodes.get(at)?.len));
    (after < end).then(|| nodes.get(after).map(|node| node.from))?
}

/// A run of steps over which the same kinds decide the rate, and the clock of each goes up by one a step.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    /// The kind in force, where it is a single one whose rate is taken as it is.
    pub kind: Option<&'a Kind>,
    /// What its clock reads at the first step; it goes up by one a step.
    pub clock: u32,
    /// How many steps it lasts, at least one; steps beyond `u32` are counted.
    pub steps: u64,
}

pub(crate) fn span(nodes: &[Node], step: u32) -> Span<'_> {
    /// The parts of a combination that are still to be looked at, and the clock of all of them.
    struct Parts {
        next: usize,
        end: usize,
        clock: u32,
    }
    let mut open: heapless::Vec<Parts, DEPTH> = heapless::Vec::new();
    let (mut at, mut clock) = (0_usize, step);
    let mut span = Span {
        kind: None,
        clock,
        steps: (1_u64 << 32).saturating_sub(u64::from(step)),
    };
    let mut alone = true;
    while let Some(node) = nodes.get(at) {
        // A clock that has come to the end of u32 stops there, and with it those of the parts inside.
        let mut last = (1_u64 << 32).saturating_sub(u64::from(clock));
        match &node.body {
            Body::Sequence => {
                if let Some(next) = next_part_begins(nodes, at, clock) {
                    last = last.min(u64::from(next.saturating_sub(clock)));
                }
                (at, clock) = part_in_force(nodes, at, clock);
                span.steps = span.steps.min(last);
                continue;
            }
            Body::Repeat(period) => {
                clock = clock.checked_rem(*period).unwrap_or(0);
                span.steps = span
                    .steps
                    .min(last)
                    .min(u64::from(period.saturating_sub(clock)));
                at = at.saturating_add(1);
                continue;
            }
            Body::Combined(_) | Body::Changed(_) => {
                let parts = Parts {
                    next: at.saturating_add(1),
                    end: at.saturating_add(usize::from(node.len)),
                    clock,
                };
                if open.push(parts).is_err() {
                    break;
                }
                alone = false;
            }
            Body::Kind(kind) if alone => (span.kind, span.clock) = (Some(kind), clock),
            Body::Kind(_) | Body::Feedback => {}
        }
        span.steps = span.steps.min(last);
        // On to the next part of the innermost combination that has one left.
        while open.last().is_some_and(|parts| parts.next >= parts.end) {
            open.pop();
        }
        let Some(parts) = open.last_mut() else {
            break;
        };
        (at, clock) = (parts.next, parts.clock);
        let len = nodes.get(at).map_or(1, |part| part.len);
        parts.next = parts.next.saturating_add(usize::from(len));
    }
    span
}

/// A run of steps whose rates come again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// After so many steps, at least one.
    pub period: u32,
    /// How many steps it lasts, at least one; steps beyond `u32` are counted.
    pub steps: u64,
}

pub(crate) fn cycle(nodes: &[Node], step: u32) -> Option<Cycle> {
    let (mut at, mut clock) = (0_usize, step);
    let mut steps = (1_u64 << 32).saturating_sub(u64::from(step));
    // Each turn goes one node further: there are never more turns than nodes.
    loop {
        match &nodes.get(at)?.body {
            Body::Sequence => {
                if let Some(next) = next_part_begins(nodes, at, clock) {
                    steps = steps.min(u64::from(next.saturating_sub(clock)));
                }
                (at, clock) = part_in_force(nodes, at, clock);
                // A clock that has come to the end of `u32` stops there.
                steps = steps.min((1_u64 << 32).saturating_sub(u64::from(clock)));
            }
            Body::Repeat(period) => {
                let period = *period;
                return Some(Cycle { period, steps });
            }
            Body::Changed(Change::Scale(_) | Change::Clamp { .. }) => at = at.saturating_add(1),
            Body::Kind(kind) => {
                let period = kind.period()?;
                return Some(Cycle { period, steps });
            }
            Body::Changed(Change::Noise(_)) | Body::Combined(_) | Body::Feedback => return None,
        }
    }
}

/// A composition that may hold the place of a feedback schedule.
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Debug)]
pub(crate) struct Program<const N: usize> {
    /// From the constructors, or [checked](check).
    pub(crate) nodes: Nodes<N>,
}

const fn over_capacity(capacity: usize, found: usize) -> ConfigError {
    ConfigError::OverCapacity {
        field: "schedules",
        capacity,
        found,
    }
}

impl<const N: usize> Program<N> {
    /// A place for nodes, which is a program once they were read and [checked](check).
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Nodes::new(),
        }
    }

    pub(crate) fn leaf(body: Body) -> Self {
        let mut nodes = Nodes::new();
        // A capacity of 0 is refused when the type is used.
        const { assert!(N > 0, "a schedule takes at least one node") };
        let node = Node {
            from: 0,
            clock: 0,
            len: 1,
            body,
        };
        if nodes.push(node).is_err() {
            nodes.clear();
        }
        Self { nodes }
    }

    /// `body` in front of `parts`, each with the step at which it begins and what its clock reads then.
    fn join<'a>(
        body: Body,
        parts: impl Iterator<Item = (u32, u32, &'a [Node])> + Clone,
    ) -> Result<Self, ConfigError> {
        let total = parts
            .clone()
            .fold(1_usize, |sum, (_, _, part)| sum.saturating_add(part.len()));
        let too_many = over_capacity(N, total);
        let mut nodes = Nodes::new();
        let len = u16::try_from(total).map_err(|_| too_many)?;
        let head = Node {
            from: 0,
            clock: 0,
            len,
            body,
        };
        nodes.push(head).map_err(|_| too_many)?;
        for (from, clock, part) in parts {
            let first = nodes.len();
            nodes.extend_from_slice(part).map_err(|_| too_many)?;
            if let Some(node) = nodes.get_mut(first) {
                (node.from, node.clock) = (from, clock);
            }
        }
        if_not_too_deep(&nodes)?;
        Ok(Self { nodes })
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn change(&mut self, change: Change) -> Result<(), ConfigError> {
        self.put_in_front(Body::Changed(change.checked()?))
    }

    pub(crate) fn repeat(&mut self, period: u32) -> Result<(), ConfigError> {
        self.put_in_front(Body::Repeat(nonzero("period", period)?))
    }

    fn put_in_front(&mut self, body: Body) -> Result<(), ConfigError> {
        *self = Self::join(body, core::iter::once((0, 0, &*self.nodes)))?;
        Ok(())
    }

    pub(crate) fn combined<'a>(
        combine: Combine,
        parts: impl ExactSizeIterator<Item = &'a [Node]> + Clone,
    ) -> Result<Self, ConfigError> {
        if parts.len() == 0 {
            return Err(NO_PARTS);
        }
        Self::join(Body::Combined(combine), parts.map(|part| (0, 0, part)))
    }

    pub(crate) fn sequence<'a>(
        parts: impl ExactSizeIterator<Item = (u32, u32, &'a [Node])> + Clone,
    ) -> Result<Self, ConfigError> {
        if parts.len() == 0 {
            return Err(NO_PARTS);
        }
        let mut earlier = None;
        for (index, (from, _, _)) in parts.clone().enumerate() {
            let increases = match earlier {
                None => from == 0,
                Some(earlier) => from > earlier,
            };
            if !increases {
                return Err(ConfigError::NotIncreasing {
                    field: "milestones",
                    index: index.saturating_sub(1),
                });
            }
            earlier = Some(from);
        }
        Self::join(Body::Sequence, parts)
    }
}

/// Checks nodes of whatever origin: what this accepts has the structure that the constructors give.
pub(crate) fn check(nodes: &[Node]) -> Result<(), ConfigError> {
    let found = nodes.len();
    let spans_all =
        |root: &Node| (root.from, root.clock) == (0, 0) && usize::from(root.len) == found;
    if !nodes.first().is_some_and(spans_all) {
        return Err(MALFORMED);
    }
    // The parts of every node fill it without a gap, so that each node but the first is a part of exactly one.
    for (at, node) in nodes.iter().enumerate() {
        let end = at.saturating_add(usize::from(node.len));
        let (mut next, mut parts, mut earlier) = (at.saturating_add(1), 0_usize, None);
        while next < end {
            let part = nodes
                .get(next)
                .filter(|part| part.len > 0)
                .ok_or(MALFORMED)?;
            let placed = match (&node.body, earlier) {
                (Body::Sequence, None) => part.from == 0,
                (Body::Sequence, Some(earlier)) => part.from > earlier,
                _ => (part.from, part.clock) == (0, 0),
            };
            if !placed {
                return Err(MALFORMED);
            }
            earlier = Some(part.from);
            next = next.saturating_add(usize::from(part.len));
            parts = parts.saturating_add(1);
        }
        let as_many_as_it_takes = match &node.body {
            Body::Kind(_) | Body::Feedback => parts == 0,
            Body::Sequence | Body::Combined(_) => parts > 0,
            Body::Changed(_) | Body::Repeat(_) => parts == 1,
        };
        if next != end || !as_many_as_it_takes {
            return Err(MALFORMED);
        }
        match &node.body {
            Body::Changed(change) => {
                change.checked()?;
            }
            Body::Repeat(period) => {
                nonzero("period", *period)?;
            }
            _ => {}
        }
    }
    if_not_too_deep(nodes)
}

fn if_not_too_deep(nodes: &[Node]) -> Result<(), ConfigError> {
    if depth(nodes) > DEPTH {
        return Err(TOO_DEEP);
    }
    Ok(())
}

/// How many values wait at once while nodes are evaluated, at most.
fn depth(nodes: &[Node]) -> usize {
    // A node waits for the parts before its end: count the open ones at each node.
    (0..nodes.len())
        .map(|at| {
            let open = nodes.iter().enumerate().filter(|(start, node)| {
                *start <= at
                    && at < start.saturating_add(usize::from(node.len))
                    && matches!(node.body, Body::Combined(_) | Body::Changed(_))
            });
            open.count()
        })
        .max()
        .unwrap_or(0)
}

const MALFORMED: ConfigError = ConfigError::Conflict {
    field: "schedules",
    with: "their parts do not fit together",
};

/// A conflict, as no larger capacity would help.
const TOO_DEEP: ConfigError = {
    assert!(DEPTH == 6, "the text names the limit");
    ConfigError::Conflict {
        field: "schedule",
        with: "combined schedules stand more than 6 deep in one another; bring several factors, sums or limits into one",
    }
};

const NO_PARTS: ConfigError = ConfigError::Conflict {
    field: "schedules",
    with: "is empty; give at least one schedule",
};
