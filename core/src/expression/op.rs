//! The instruction set. A program may be kept as bytes ([`Expression::ops`](super::Expression::ops)): numbers may be added,
//! never changed or used again.

/// Constants are pushed by one byte: this bit set, the place in the pool below it.
pub(super) const CONSTANT: u8 = 0x80;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// One instruction; its number is its byte in a program. Zero is none, so that blank memory is no program.
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[repr(u8)]
        pub(super) enum Op { $($(#[$doc])* $name = $code,)* }

        impl Op {
            /// The instruction of a byte that does not push a constant.
            pub(super) const fn from_byte(byte: u8) -> Option<Op> {
                match byte { $($code => Some(Op::$name),)* _ => None }
            }
        }
    };
}

operations! {
    Step = 1,
    Negate = 2,
    Not = 3,
    Add = 4,
    Subtract = 5,
    Multiply = 6,
    Divide = 7,
    FloorDivide = 8,
    Modulo = 9,
    Power = 10,
    Less = 11,
    LessEqual = 12,
    Greater = 13,
    GreaterEqual = 14,
    Equal = 15,
    NotEqual = 16,
    /// The six comparisons inside a chain: `a b` becomes `(a < b) b`, so that `b` meets its right neighbour too.
    ChainLess = 17,
    ChainLessEqual = 18,
    ChainGreater = 19,
    ChainGreaterEqual = 20,
    ChainEqual = 21,
    ChainNotEqual = 22,
    And = 23,
    Or = 24,
    /// Takes one value and skips the number of bytes in the byte that follows when it is zero.
    JumpIfFalse = 25,
    /// Skips the number of bytes in the byte that follows.
    Jump = 26,
    /// Python's `min` and `max`: the first argument stays unless a later one compares smaller (greater).
    Min = 27,
    Max = 28,
    /// NumPy's `minimum` and `maximum`: a NaN wins.
    Minimum = 29,
    Maximum = 30,
    Abs = 31,
    Floor = 32,
    Ceil = 33,
    Truncate = 34,
    Sqrt = 35,
    Exp = 36,
    Log = 37,
    Sin = 38,
    Cos = 39,
}

impl Op {
    /// How many values an instruction takes off the stack and how many it leaves there.
    pub(super) const fn effect(self) -> (u8, u8) {
        match self {
            Op::Step => (0, 1),
            Op::Jump => (0, 0),
            Op::JumpIfFalse => (1, 0),
            Op::Negate
            | Op::Not
            | Op::Abs
            | Op::Floor
            | Op::Ceil
            | Op::Truncate
            | Op::Sqrt
            | Op::Exp
            | Op::Log
            | Op::Sin
            | Op::Cos => (1, 1),
            Op::ChainLess
            | Op::ChainLessEqual
            | Op::ChainGreater
            | Op::ChainGreaterEqual
            | Op::ChainEqual
            | Op::ChainNotEqual => (2, 2),
            Op::Add
            | Op::Subtract
            | Op::Multiply
            | Op::Divide
            | Op::FloorDivide
            | Op::Modulo
            | Op::Power
            | Op::Less
            | Op::LessEqual
            | Op::Greater
            | Op::GreaterEqual
            | Op::Equal
            | Op::NotEqual
            | Op::And
            | Op::Or
            | Op::Min
            | Op::Max
            | Op::Minimum
            | Op::Maximum => (2, 1),
        }
    }

    /// The form a comparison takes when another one follows it in a chain.
    pub(super) const fn chained(self) -> Option<Op> {
        Some(match self {
            Op::Less => Op::ChainLess,
            Op::LessEqual => Op::ChainLessEqual,
            Op::Greater => Op::ChainGreater,
            Op::GreaterEqual => Op::ChainGreaterEqual,
            Op::Equal => Op::ChainEqual,
            Op::NotEqual => Op::ChainNotEqual,
            _ => return None,
        })
    }
}
