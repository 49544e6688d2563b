//! Running a program.

use super::STACK_DEPTH;
use super::division::{floor_divide, modulo};
use super::op::{CONSTANT, Op};

/// The values in flight. [`verify`](super::verify::verify) has shown that neither end is ever passed; what stands here for that
/// case keeps the code free of panics without asking for proof.
struct Stack {
    values: [f64; STACK_DEPTH],
    len: usize,
}

impl Stack {
    fn push(&mut self, value: f64) {
        if let Some(place) = self.values.get_mut(self.len) {
            *place = value;
            self.len += 1;
        }
    }

    fn pop(&mut self) -> f64 {
        self.len = self.len.saturating_sub(1);
        self.values.get(self.len).copied().unwrap_or(f64::NAN)
    }

    fn unary(&mut self, operation: impl Fn(f64) -> f64) {
        let a = self.pop();
        self.push(operation(a));
    }

    fn binary(&mut self, operation: impl Fn(f64, f64) -> f64) {
        let b = self.pop();
        let a = self.pop();
        self.push(operation(a, b));
    }

    fn compare(&mut self, holds: impl Fn(&f64, &f64) -> bool) {
        self.binary(|a, b| truth(holds(&a, &b)));
    }

    fn chain(&mut self, holds: impl Fn(&f64, &f64) -> bool) {
        let b = self.pop();
        let a = self.pop();
        self.push(truth(holds(&a, &b)));
        self.push(b);
    }
}

/// Runs a verified program. The rest of it only ever shrinks, so that this ends whatever the bytes are.
pub(super) fn run(ops: &[u8], constants: &[f64], step: f64) -> f64 {
    let mut stack = Stack {
        values: [0.0; STACK_DEPTH],
        len: 0,
    };
    let mut rest = ops;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte & CONSTANT != 0 {
            let place = usize::from(byte & !CONSTANT);
            stack.push(constants.get(place).copied().unwrap_or(f64::NAN));
            continue;
        }
        let Some(op) = Op::from_byte(byte) else {
            return f64::NAN;
        };
        match op {
            Op::Step => stack.push(step),
            Op::Negate => stack.unary(|a| -a),
            Op::Not => stack.unary(|a| truth(a == 0.0)),
            Op::Add => stack.binary(|a, b| a + b),
            Op::Subtract => stack.binary(|a, b| a - b),
            Op::Multiply => stack.binary(|a, b| a * b),
            Op::Divide => stack.binary(|a, b| a / b),
            Op::FloorDivide => stack.binary(floor_divide),
            Op::Modulo => stack.binary(modulo),
            Op::Power => stack.binary(libm::pow),
            Op::Less => stack.compare(f64::lt),
            Op::LessEqual => stack.compare(f64::le),
            Op::Greater => stack.compare(f64::gt),
            Op::GreaterEqual => stack.compare(f64::ge),
            Op::Equal => stack.compare(f64::eq),
            Op::NotEqual => stack.compare(f64::ne),
            Op::ChainLess => stack.chain(f64::lt),
            Op::ChainLessEqual => stack.chain(f64::le),
            Op::ChainGreater => stack.chain(f64::gt),
            Op::ChainGreaterEqual => stack.chain(f64::ge),
            Op::ChainEqual => stack.chain(f64::eq),
            Op::ChainNotEqual => stack.chain(f64::ne),
            Op::And => stack.binary(|a, b| if a == 0.0 { a } else { b }),
            Op::Or => stack.binary(|a, b| if a == 0.0 { b } else { a }),
            Op::JumpIfFalse => {
                let target = jump(rest);
                rest = if stack.pop() == 0.0 {
                    target
                } else {
                    rest.get(1..).unwrap_or_default()
                };
            }
            Op::Jump => rest = jump(rest),
            Op::Min => stack.binary(|a, b| if b < a { b } else { a }),
            Op::Max => stack.binary(|a, b| if b > a { b } else { a }),
            // A NaN is the one value for which `a == a` fails: it wins from either side.
            Op::Minimum => stack.binary(|a, b| if b < a || b.is_nan() { b } else { a }),
            Op::Maximum => stack.binary(|a, b| if b > a || b.is_nan() { b } else { a }),
            Op::Abs => stack.unary(libm::fabs),
            // Adding zero: Python's integers have no negative zero.
            Op::Floor => stack.unary(|a| libm::floor(a) + 0.0),
            Op::Ceil => stack.unary(|a| libm::ceil(a) + 0.0),
            Op::Truncate => stack.unary(|a| libm::trunc(a) + 0.0),
            Op::Sqrt => stack.unary(libm::sqrt),
            Op::Exp => stack.unary(libm::exp),
            Op::Log => stack.unary(libm::log),
            Op::Sin => stack.unary(libm::sin),
            Op::Cos => stack.unary(libm::cos),
        }
    }
    stack.pop()
}

/// What is left of a program after the jump whose distance comes next.
fn jump(rest: &[u8]) -> &[u8] {
    let Some((&distance, rest)) = rest.split_first() else {
        return &[];
    };
    rest.get(usize::from(distance)..).unwrap_or_default()
}

fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}
