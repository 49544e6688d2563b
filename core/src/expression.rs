//! stub until merged
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExpressionError {
    Empty,
}
impl core::fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("x")
    }
}
impl core::error::Error for ExpressionError {}
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expression;
impl Expression {
    pub fn parse(_: &str) -> Result<Self, ExpressionError> {
        Ok(Self)
    }
    pub fn eval(&self, step: u32) -> f64 {
        f64::from(step)
    }
}
