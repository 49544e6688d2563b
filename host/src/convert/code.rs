//! A schedule as source text that carries its bytes: they are right for every kind, and checked when they are read.

use std::fmt::Write;

use hairpin_core::{CheckpointError, Plan};

use super::comment::{lines, prefixed};
use super::{Converted, Name, Written, table};

/// What is written down of one schedule: its bytes, and how many nodes the type that reads them needs.
struct Saved {
    bytes: Vec<u8>,
    nodes: usize,
    reads: &'static str,
}

impl Saved {
    fn new(plan: &Plan) -> Result<Self, CheckpointError> {
        let mut bytes = vec![0; plan.bytes_len()?];
        plan.to_bytes(&mut bytes)?;
        let (nodes, reads) = match plan {
            Plan::Schedule(schedule) => (schedule.pieces(), "Composed"),
            Plan::Feedback(feedback) => (feedback.pieces(), "ComposedFeedback"),
        };
        Ok(Self {
            bytes,
            nodes,
            reads,
        })
    }

    /// The bytes, sixteen a line.
    fn rows(&self) -> String {
        let mut text = String::new();
        for row in self.bytes.chunks(16) {
            let row: Vec<String> = row.iter().map(|byte| format!("0x{byte:02x}")).collect();
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    {},", row.join(", "));
        }
        text
    }
}

/// A Rust module against `hairpin-core`.
pub(super) fn rust(converted: &Converted, name: &Name) -> Result<String, CheckpointError> {
    let mut text = "// Made by `hairpin convert --to rust`.\n".to_owned();
    text.push_str(&lines("// ", &converted.remarks));
    text.push_str(&rust_items(name, "The rate", &converted.schedule)?);
    if let Some(momentum) = &converted.momentum {
        text.push_str(&rust_items(
            &name.of("momentum"),
            "The momentum that moves with it",
            momentum,
        )?);
    }
    Ok(text)
}

fn rust_items(name: &Name, what: &str, written: &Written) -> Result<String, CheckpointError> {
    let saved = Saved::new(&written.plan)?;
    let (constant, function) = (name.upper(), name.lower());
    let table = prefixed("/// ", &table::document(&written.table));
    Ok(format!(
        "
/// {what} as bytes:
///
/// ```toml
{table}/// ```
#[rustfmt::skip]
pub const {constant}: [u8; {len}] = [
{rows}];

/// {what}, read from [`{constant}`].
///
/// # Errors
/// Where this version of `hairpin-core` does not know what stands in the bytes.
pub fn {function}() -> Result<hairpin_core::{reads}<{nodes}>, hairpin_core::CheckpointError> {{
    hairpin_core::{reads}::from_bytes(&{constant})
}}
",
        len = saved.bytes.len(),
        rows = saved.rows(),
        reads = saved.reads,
        nodes = saved.nodes,
    ))
}

/// A C99 header. All that it defines has the name in it, so that two of them stand beside one another.
pub(super) fn c(converted: &Converted, name: &Name) -> Result<String, CheckpointError> {
    let mut text = "// Made by `hairpin convert --to c`.\n".to_owned();
    text.push_str(&lines("// ", &converted.remarks));
    let guard = format!("HAIRPIN_{}_H", name.upper());
    text.push_str(&format!(
        "#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n"
    ));
    text.push_str(&c_items(name, "The rate", &converted.schedule)?);
    if let Some(momentum) = &converted.momentum {
        text.push_str(&c_items(
            &name.of("momentum"),
            "The momentum that moves with it",
            momentum,
        )?);
    }
    text.push_str("\n#endif\n");
    Ok(text)
}

fn c_items(name: &Name, what: &str, written: &Written) -> Result<String, CheckpointError> {
    let saved = Saved::new(&written.plan)?;
    let table = prefixed("//   ", &table::document(&written.table));
    Ok(format!(
        "
// {what} as bytes:
{table}#define HAIRPIN_{upper}_NODES {nodes}
#define HAIRPIN_{upper}_LEN {len}
static const uint8_t hairpin_{lower}[HAIRPIN_{upper}_LEN] = {{
{rows}}};
",
        upper = name.upper(),
        lower = name.lower(),
        nodes = saved.nodes,
        len = saved.bytes.len(),
        rows = saved.rows(),
    ))
}
