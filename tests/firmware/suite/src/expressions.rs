//! Texts, compiled where they are asked for.

use hairpin_core::{Expression, ExpressionError};

use crate::wire::Wire;
use crate::{Broken, Channel, Field, ROOM};

/// A text; `u16` steps, `u32` each.
///
/// Answered by the error, or by the program with its constants and the value at each step.
#[inline(never)]
pub(crate) fn expression<C: Channel>(wire: &mut Wire<'_, C>) -> Result<(), Broken> {
    let compiled = compiled(wire)?;
    let expression = wire.outcome(compiled)?;
    if let Some(expression) = &expression {
        wire.write_record(expression.ops())?;
        for &constant in expression.constants() {
            wire.write_f64(Field::Record, constant)?;
        }
    }
    let steps = wire.u16()?;
    for _ in 0..steps {
        let step = wire.u32()?;
        if let Some(expression) = &expression {
            wire.write_f64(Field::Value(step), expression.eval(step))?;
        }
    }
    Ok(())
}

#[inline(never)]
fn compiled<C: Channel>(
    wire: &mut Wire<'_, C>,
) -> Result<Result<Expression, ExpressionError>, Broken> {
    let mut room = [0; ROOM];
    let text = core::str::from_utf8(wire.bytes(&mut room)?).map_err(|_| Broken)?;
    Ok(Expression::parse(text))
}
