//! Schedules as bytes: kinds by their numbers and parameters, compositions node by node.
//!
//! | bytes | what |
//! |---|---|
//! | 0..6 | the frame: magic, version, kind 5 |
//! | 6..10 | length of the whole record, `u32` |
//! | 10..12 | number of nodes, `u16` |
//! | … | the nodes, front to back |
//! | n-4..n | CRC |
//!
//! | a node | what |
//! |---|---|
//! | `u8` | what it is: the number of a kind, 1 to 127, or of a feedback kind, 128 to 239; from 240 on what joins or changes schedules |
//! | `u32` | the step of the sequence around it at which it begins, else 0 |
//! | `u32` | what its clock reads then, else 0 |
//! | `u16` | how many nodes it takes, itself included |
//! | … | its parameters, in the order in which the kind declares them |
//!
//! Numbers are `f64` by their bits, counts `u32`, flags and the presence of what may be left out one byte, words one byte, lists
//! a `u16` and their items, an expression the lengths of its program and constants (a byte each), the program and the constants.

use heapless::vec::VecView;

use super::CheckpointError;
use super::frame::{Reader, Writer};
use crate::composed::{Composed, ComposedFeedback, ComposedPlan};
use crate::error::ConfigError;
use crate::expression::Expression;
use crate::kinds::{FeedbackKind, Kind};
use crate::noise::{Distribution, Noise};
use crate::parameters::{Parameter, Sink, Source};
use crate::program::{Body, Change, Combine, Node, Program, check};
use crate::schedules::Factor;

const KIND: u8 = 5;

/// Items that a list, or the constants of an expression, have at most; no kind holds as many.
const LIST: usize = 64;

/// What was taken from a record, or the name of what was not there or cannot be.
pub(super) type Taken<T> = Result<T, &'static str>;

pub(super) const SEQUENCE: u8 = 240;

/// The numbers of what else is no kind.
mod tag {
    pub(super) const PRODUCT: u8 = 241;
    pub(super) const SUM: u8 = 242;
    pub(super) const AVERAGE: u8 = 243;
    pub(super) const SCALE: u8 = 244;
    pub(super) const CLAMP: u8 = 245;
    pub(super) const NOISE: u8 = 246;
    pub(super) const REPEAT: u8 = 247;
}

/// Parameters on their way into a record.
struct ByteSink<'a> {
    writer: Writer<'a>,
    has_function: bool,
}

impl ByteSink<'_> {
    fn count_of(&mut self, items: usize) {
        // The kinds' capacities are far below; what did not fit would be refused when it is read.
        self.writer.u16(u16::try_from(items).unwrap_or(u16::MAX));
    }

    fn node(&mut self, node: &Node, feedback: Option<&FeedbackKind>) {
        let number = match (&node.body, feedback) {
            (Body::Kind(kind), _) => kind.tag(),
            (Body::Feedback, Some(kind)) => kind.tag(),
            // No such program is ever made, and 0 is no kind.
            (Body::Feedback, None) => 0,
            (Body::Sequence, _) => SEQUENCE,
            (Body::Combined(Combine::Product), _) => tag::PRODUCT,
            (Body::Combined(Combine::Sum), _) => tag::SUM,
            (Body::Combined(Combine::Average), _) => tag::AVERAGE,
            (Body::Changed(Change::Scale(_)), _) => tag::SCALE,
            (Body::Changed(Change::Clamp { .. }), _) => tag::CLAMP,
            (Body::Changed(Change::Noise(_)), _) => tag::NOISE,
            (Body::Repeat(_), _) => tag::REPEAT,
        };
        self.writer.u8(number);
        self.writer.u32(node.from);
        self.writer.u32(node.clock);
        self.writer.u16(node.len);
        match &node.body {
            Body::Kind(kind) => kind.write(self),
            Body::Feedback => {
                if let Some(kind) = feedback {
                    kind.write(self);
                }
            }
            Body::Sequence | Body::Combined(_) => {}
            Body::Changed(Change::Scale(factor)) => self.writer.f64(*factor),
            Body::Changed(Change::Clamp { min_lr, max_lr }) => {
                self.writer.f64(*min_lr);
                self.writer.f64(*max_lr);
            }
            Body::Changed(Change::Noise(noise)) => self.noise(noise),
            Body::Repeat(period) => self.writer.u32(*period),
        }
    }

    fn noise(&mut self, noise: &Noise) {
        self.writer.f64(noise.amount);
        self.writer.f64(noise.std);
        self.writer.u8(match noise.distribution {
            Distribution::Normal => 0,
            Distribution::Uniform => 1,
        });
        self.writer.u32(noise.begin);
        self.writer.u8(u8::from(noise.end.is_some()));
        self.writer.u32(noise.end.unwrap_or(0));
        self.writer.u32(noise.seed);
    }
}

impl Sink for ByteSink<'_> {
    fn has(&mut self, _: &'static Parameter, is_there: bool) {
        self.writer.u8(u8::from(is_there));
    }

    fn number(&mut self, _: &'static Parameter, value: f64) {
        self.writer.f64(value);
    }

    fn count(&mut self, _: &'static Parameter, value: u32) {
        self.writer.u32(value);
    }

    fn flag(&mut self, _: &'static Parameter, value: bool) {
        self.writer.u8(u8::from(value));
    }

    fn word(&mut self, _: &'static Parameter, index: usize) {
        self.writer.u8(u8::try_from(index).unwrap_or(u8::MAX));
    }

    fn numbers(&mut self, _: &'static Parameter, values: &[f64]) {
        self.count_of(values.len());
        for &value in values {
            self.writer.f64(value);
        }
    }

    fn counts(&mut self, _: &'static Parameter, values: &[u32]) {
        self.count_of(values.len());
        for &value in values {
            self.writer.u32(value);
        }
    }

    fn factor(&mut self, _: &'static Parameter, value: &Factor) {
        match value {
            Factor::Expression(expression) => {
                for len in [expression.ops().len(), expression.constants().len()] {
                    self.writer.u8(u8::try_from(len).unwrap_or(u8::MAX));
                }
                self.writer.put(expression.ops());
                for &constant in expression.constants() {
                    self.writer.f64(constant);
                }
            }
            Factor::Function(_) | Factor::External(_) => self.has_function = true,
        }
    }
}

/// Parameters on their way out of a record.
pub struct ByteSource<'a> {
    reader: Reader<'a>,
    /// The first parameter that could not be read. What was handed out for it and after it is of no use.
    unreadable: Option<&'static str>,
    numbers: heapless::Vec<f64, LIST>,
    counts: heapless::Vec<u32, LIST>,
}

/// What stands in front of a node's parameters.
pub(super) struct Head {
    pub(super) number: u8,
    pub(super) from: u32,
    pub(super) clock: u32,
    pub(super) len: u16,
}

impl<'a> ByteSource<'a> {
    /// The record of a schedule from its first node on, and how many nodes there are.
    pub(super) fn of(bytes: &'a [u8]) -> Result<(Self, u16), CheckpointError> {
        let mut reader = Reader::measured(bytes, KIND)?;
        let count = reader
            .next()
            .map(u16::from_le_bytes)
            .ok_or(CheckpointError::Content("schedules"))?;
        let source = Self {
            reader,
            unreadable: None,
            numbers: heapless::Vec::new(),
            counts: heapless::Vec::new(),
        };
        Ok((source, count))
    }

    /// That nothing follows the last node.
    pub(super) fn ended(&self) -> Result<(), CheckpointError> {
        if self.reader.rest().is_empty() {
            Ok(())
        } else {
            Err(CheckpointError::Content("length"))
        }
    }

    pub(super) fn head(&mut self) -> Taken<Head> {
        const CUT: &str = "schedules";
        let [number] = self.reader.next().ok_or(CUT)?;
        Ok(Head {
            number,
            from: u32::from_le_bytes(self.reader.next().ok_or(CUT)?),
            clock: u32::from_le_bytes(self.reader.next().ok_or(CUT)?),
            len: u16::from_le_bytes(self.reader.next().ok_or(CUT)?),
        })
    }

    /// The next bytes as `parameter`'s value, if they are one.
    fn take<const N: usize, T: Default>(
        &mut self,
        parameter: &'static Parameter,
        value: impl FnOnce([u8; N]) -> Option<T>,
    ) -> T {
        match self.reader.next().and_then(value) {
            Some(value) => value,
            None => {
                self.unreadable.get_or_insert(parameter.name);
                T::default()
            }
        }
    }

    fn node(&mut self) -> Taken<(Node, Option<FeedbackKind>)> {
        let Head {
            number,
            from,
            clock,
            len,
        } = self.head()?;
        let mut feedback = None;
        let body = match number {
            SEQUENCE => Body::Sequence,
            tag::PRODUCT => Body::Combined(Combine::Product),
            tag::SUM => Body::Combined(Combine::Sum),
            tag::AVERAGE => Body::Combined(Combine::Average),
            tag::SCALE => Body::Changed(Change::Scale(self.f64("factor")?)),
            tag::CLAMP => Body::Changed(Change::Clamp {
                min_lr: self.f64("min_lr")?,
                max_lr: self.f64("max_lr")?,
            }),
            tag::NOISE => Body::Changed(Change::Noise(self.noise()?)),
            tag::REPEAT => Body::Repeat(self.u32("period")?),
            _ => match (Kind::read(number, self), FeedbackKind::read(number, self)) {
                (Some(kind), _) => Body::Kind(self.made(kind)?),
                (None, Some(kind)) => {
                    feedback = Some(self.made(kind)?);
                    Body::Feedback
                }
                (None, None) => return Err("kind"),
            },
        };
        let node = Node {
            from,
            clock,
            len,
            body,
        };
        Ok((node, feedback))
    }

    /// What the constructor made, if everything it was handed could be read.
    pub(super) fn made<T>(&self, made: Result<T, ConfigError>) -> Taken<T> {
        match self.unreadable {
            Some(field) => Err(field),
            None => made.map_err(|error| error.field()),
        }
    }

    fn noise(&mut self) -> Taken<Noise> {
        let (amount, std) = (self.f64("amount")?, self.f64("std")?);
        let distribution = match self.reader.next() {
            Some([0]) => Distribution::Normal,
            Some([1]) => Distribution::Uniform,
            _ => return Err("distribution"),
        };
        let begin = self.u32("begin")?;
        let end = match (self.reader.next(), self.u32("end")?) {
            (Some([0]), 0) => None,
            (Some([1]), end) => Some(end),
            _ => return Err("end"),
        };
        let seed = self.u32("seed")?;
        Noise::new(amount, std, distribution, begin, end, seed).map_err(|error| error.field())
    }

    fn f64(&mut self, field: &'static str) -> Taken<f64> {
        let bytes = self.reader.next().ok_or(field)?;
        Ok(f64::from_bits(u64::from_le_bytes(bytes)))
    }

    fn u32(&mut self, field: &'static str) -> Taken<u32> {
        self.reader.next().map(u32::from_le_bytes).ok_or(field)
    }

    /// How many items follow, if there is room for them.
    fn items(&mut self, parameter: &'static Parameter) -> usize {
        self.take(parameter, |bytes| {
            Some(usize::from(u16::from_le_bytes(bytes))).filter(|&items| items <= LIST)
        })
    }
}

const fn flag([byte]: [u8; 1]) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn number(bytes: [u8; 8]) -> Option<f64> {
    Some(f64::from_bits(u64::from_le_bytes(bytes)))
}

fn whole(bytes: [u8; 4]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes))
}

impl Source for ByteSource<'_> {
    fn has(&mut self, parameter: &'static Parameter) -> bool {
        self.take(parameter, flag)
    }

    fn number(&mut self, parameter: &'static Parameter) -> f64 {
        self.take(parameter, number)
    }

    fn count(&mut self, parameter: &'static Parameter) -> u32 {
        self.take(parameter, whole)
    }

    fn flag(&mut self, parameter: &'static Parameter) -> bool {
        self.take(parameter, flag)
    }

    fn word(&mut self, parameter: &'static Parameter) -> usize {
        self.take(parameter, |[byte]: [u8; 1]| Some(usize::from(byte)))
    }

    fn numbers(&mut self, parameter: &'static Parameter) -> &[f64] {
        let mut items = heapless::Vec::new();
        for _ in 0..self.items(parameter) {
            // There is room: the count was checked.
            let _ = items.push(self.take(parameter, number));
        }
        self.numbers = items;
        &self.numbers
    }

    fn counts(&mut self, parameter: &'static Parameter) -> &[u32] {
        let mut items = heapless::Vec::new();
        for _ in 0..self.items(parameter) {
            let _ = items.push(self.take(parameter, whole));
        }
        self.counts = items;
        &self.counts
    }

    fn factor(&mut self, parameter: &'static Parameter) -> Result<Factor, ConfigError> {
        let [ops, constants] = self.take(parameter, |[ops, constants]: [u8; 2]| {
            Some([usize::from(ops), usize::from(constants)])
                .filter(|[_, constants]| *constants <= LIST)
        });
        let ops = self.reader.slice(ops);
        if ops.is_none() {
            self.unreadable.get_or_insert(parameter.name);
        }
        let mut numbers = heapless::Vec::<f64, LIST>::new();
        for _ in 0..constants {
            let _ = numbers.push(self.take(parameter, number));
        }
        let expression = Expression::from_parts(ops.unwrap_or_default(), &numbers)?;
        Ok(Factor::Expression(expression))
    }
}

/// Writes the record and says how long it is, also where it is longer than `bytes`.
fn write(
    bytes: &mut [u8],
    length: usize,
    nodes: &[Node],
    feedback: Option<&FeedbackKind>,
) -> Result<usize, CheckpointError> {
    let too_long = CheckpointError::Content("schedules");
    let mut writer = Writer::new(bytes, KIND);
    writer.u32(u32::try_from(length).map_err(|_| too_long)?);
    writer.u16(u16::try_from(nodes.len()).map_err(|_| too_long)?);
    let mut sink = ByteSink {
        writer,
        has_function: false,
    };
    for node in nodes {
        sink.node(node, feedback);
    }
    if sink.has_function {
        return Err(CheckpointError::Function);
    }
    Ok(sink.writer.finish())
}

fn to_bytes(
    out: &mut [u8],
    nodes: &[Node],
    feedback: Option<&FeedbackKind>,
) -> Result<usize, CheckpointError> {
    let needed = write(&mut [], 0, nodes, feedback)?;
    if out.len() < needed {
        return Err(CheckpointError::TooSmall {
            needed,
            found: out.len(),
        });
    }
    write(out, needed, nodes, feedback)
}

/// Reads a record into `nodes`, which are then a program; what is returned is the feedback schedule among them.
///
/// Into a place of the caller's: a program is thousands of bytes, and a chip has few to spare for copies.
fn read(bytes: &[u8], nodes: &mut VecView<Node>) -> Result<Option<FeedbackKind>, CheckpointError> {
    let (mut source, count) = ByteSource::of(bytes)?;
    let mut feedback = None;
    for _ in 0..count {
        let (node, own) = source.node().map_err(CheckpointError::Content)?;
        if let Some(own) = own
            && feedback.replace(own).is_some()
        {
            return Err(CheckpointError::Content("schedules"));
        }
        let capacity = nodes.capacity();
        nodes
            .push(node)
            .map_err(|_| CheckpointError::OverCapacity {
                capacity,
                found: usize::from(count),
            })?;
    }
    source.ended()?;
    check(nodes).map_err(|error| CheckpointError::Content(error.field()))?;
    Ok(feedback)
}

/// Gives the methods to a composition, by its nodes and its feedback schedule and from them.
macro_rules! saved {
    ($($type:ident: |$this:ident| $nodes:expr, $feedback:expr;)+) => {$(
        impl<const N: usize> $type<N> {
            /// How many bytes it takes when it is saved.
            ///
            /// # Errors
            /// [`CheckpointError::Function`] where it holds a function of the program.
            pub fn bytes_len(&self) -> Result<usize, CheckpointError> {
                let $this = self;
                write(&mut [], 0, $nodes, $feedback)
            }

            /// Writes it to the front of `out` and says how many bytes it took. They do not depend on `N`.
            ///
            /// # Errors
            /// [`CheckpointError::Function`] where it holds a function of the program, and
            /// [`CheckpointError::TooSmall`] where `out` is too short; nothing is written then.
            pub fn to_bytes(&self, out: &mut [u8]) -> Result<usize, CheckpointError> {
                let $this = self;
                to_bytes(out, $nodes, $feedback)
            }
        }
    )+};
}

saved! {
    Composed: |s| s.program.nodes(), None;
    ComposedFeedback: |s| s.program.nodes(), Some(&s.feedback);
    ComposedPlan: |s| s.nodes(), match s {
        Self::Schedule(_) => None,
        Self::Feedback(feedback) => Some(&feedback.feedback),
    };
}

impl<const N: usize> Composed<N> {
    /// What was written as these bytes, checked as its constructors check.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record, or a composition of more than `N` pieces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        // Read where it is returned: a chip has no kilobytes to spare for copies.
        let mut made = Ok(Self {
            program: Program::new(),
        });
        if let Ok(schedule) = &mut made {
            match read(bytes, schedule.program.nodes.as_mut_view()) {
                Ok(None) => {}
                Ok(Some(_)) => made = Err(CheckpointError::Content("schedules")),
                Err(error) => made = Err(error),
            }
        }
        made
    }
}

impl<const N: usize> ComposedFeedback<N> {
    /// What was written as these bytes, checked as its constructors check.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record, or a composition of more than `N` pieces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut program = Program::new();
        match read(bytes, program.nodes.as_mut_view())? {
            Some(feedback) => Ok(Self { program, feedback }),
            None => Err(CheckpointError::Content("schedules")),
        }
    }
}

impl<const N: usize> ComposedPlan<N> {
    /// What was written as these bytes, checked as its constructors check.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record, or a composition of more than `N` pieces.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        // As for a schedule, which it is until a feedback kind is found.
        let mut made = Ok(Self::Schedule(Composed {
            program: Program::new(),
        }));
        if let Ok(Self::Schedule(schedule)) = &mut made {
            match read(bytes, schedule.program.nodes.as_mut_view()) {
                Ok(None) => {}
                Ok(Some(feedback)) => beside(&mut made, feedback),
                Err(error) => made = Err(error),
            }
        }
        made
    }
}

/// The same program with a feedback schedule beside it.
#[inline(never)]
fn beside<const N: usize>(
    plan: &mut Result<ComposedPlan<N>, CheckpointError>,
    feedback: FeedbackKind,
) {
    if let Ok(ComposedPlan::Schedule(schedule)) = plan {
        let program = core::mem::replace(&mut schedule.program, Program::new());
        *plan = Ok(ComposedPlan::Feedback(ComposedFeedback {
            program,
            feedback,
        }));
    }
}
