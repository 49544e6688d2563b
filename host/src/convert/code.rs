//! A schedule as source text that carries its bytes: they are right for every kind, and checked when they are read.

use std::fmt::Write;

use hairpin_core::{CheckpointError, FeedbackKind, Kind, Plan, Sgd};

use super::comment::{lines, prefixed};
use super::{Converted, Name, Written};
use crate::dialect::{Canonical, Setting};

/// Bytes that stand in a source text, and what reads them there.
pub(crate) struct Saved {
    bytes: Vec<u8>,
    /// How many pieces a schedule is composed of.
    pieces: Option<usize>,
    /// The type in Rust that reads them, and how.
    reads: String,
    by: &'static str,
}

impl Saved {
    pub(crate) fn schedule(written: &Written) -> Result<Self, CheckpointError> {
        let plan = &written.plan;
        let mut bytes = vec![0; plan.bytes_len()?];
        plan.to_bytes(&mut bytes)?;
        let (pieces, any, by) = match plan {
            Plan::Schedule(schedule) => (schedule.pieces(), "Composed", "Composed::from_bytes"),
            Plan::Feedback(feedback) => (
                feedback.pieces(),
                "ComposedFeedback",
                "ComposedFeedback::from_bytes",
            ),
        };
        let (reads, by) = match own_type(&written.table) {
            Some(own) => (own, "Recorded::from_record"),
            None => (format!("hairpin_core::{any}<{pieces}>"), by),
        };
        Ok(Self {
            bytes,
            pieces: Some(pieces),
            reads,
            by,
        })
    }

    pub(crate) fn sgd(sgd: &Sgd) -> Self {
        Self {
            bytes: sgd.to_bytes().to_vec(),
            pieces: None,
            reads: "hairpin_core::Sgd".to_owned(),
            by: "Sgd::from_bytes",
        }
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

/// The type that is this schedule and no other, where there is one: a program that reads it so links no other formula.
fn own_type(table: &Canonical) -> Option<String> {
    if table.kind == "linear_warmup" {
        let after = table.settings.iter().find_map(|setting| match setting {
            ("after", Setting::Schedule(after)) => Some(after),
            _ => None,
        })?;
        return Some(format!("hairpin_core::LinearWarmup<{}>", own_type(after)?));
    }
    let mut kinds = Kind::ALL.iter().chain(FeedbackKind::ALL);
    kinds.find(|(_, info)| info.name == table.kind)?;
    let words = table.kind.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    Some(format!("hairpin_core::{}", words.collect::<String>()))
}

/// A Rust module against `hairpin-core`.
pub(super) fn rust(converted: &Converted, name: &Name) -> Result<String, CheckpointError> {
    let mut text = "// Made by `hairpin convert --to rust`.\n".to_owned();
    text.push_str(&lines("// ", &converted.remarks));
    for (name, what, written) in items(converted, name) {
        let saved = Saved::schedule(written)?;
        text.push_str(&rust_item(&name, what, &written.toml(), &saved));
    }
    Ok(text)
}

/// The rate and, where there is one, the momentum: what each is called, and what it is.
fn items<'a>(
    converted: &'a Converted,
    name: &Name,
) -> impl Iterator<Item = (Name, &'static str, &'a Written)> {
    let momentum = converted.momentum.as_ref();
    let momentum = momentum.map(|written| {
        let what = "The momentum that moves with it";
        (name.of("momentum"), what, written)
    });
    std::iter::once((name.clone(), "The rate", &converted.schedule)).chain(momentum)
}

/// A constant with the bytes of `what`, and a function that reads them; `toml` says what they mean.
pub(crate) fn rust_item(name: &Name, what: &str, toml: &str, saved: &Saved) -> String {
    let (constant, function) = (name.upper(), name.lower());
    format!(
        "
/// {what} as bytes:
///
/// ```toml
{toml}/// ```
#[rustfmt::skip]
pub const {constant}: [u8; {len}] = [
{rows}];

/// {what}, read from [`{constant}`].
///
/// # Errors
/// Where this version of `hairpin-core` does not know what stands in the bytes.
pub fn {function}() -> Result<{reads}, hairpin_core::CheckpointError> {{
    hairpin_core::{by}(&{constant})
}}
",
        toml = prefixed("/// ", toml),
        len = saved.bytes.len(),
        rows = saved.rows(),
        reads = saved.reads,
        by = saved.by,
    )
}

/// A C99 header. All that it defines has the name in it, so that two of them stand beside one another.
pub(super) fn c(converted: &Converted, name: &Name) -> Result<String, CheckpointError> {
    let mut text = "// Made by `hairpin convert --to c`.\n".to_owned();
    text.push_str(&lines("// ", &converted.remarks));
    let guard = format!("HAIRPIN_{}_H", name.upper());
    text.push_str(&format!(
        "#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n"
    ));
    for (name, what, written) in items(converted, name) {
        let saved = Saved::schedule(written)?;
        text.push_str(&c_item(&name.of("bytes"), what, &written.toml(), &saved));
    }
    text.push_str("\n#endif\n");
    Ok(text)
}

/// An array with the bytes of `what`; `toml` says what they mean.
pub(crate) fn c_item(name: &Name, what: &str, toml: &str, saved: &Saved) -> String {
    let (lower, upper) = (name.lower(), name.upper());
    // A schedule that the C interface has no room for is told when the program is compiled, not when it runs.
    let pieces = saved.pieces.map(|pieces| {
        format!(
            "#define {upper}_PIECES {pieces}
#if defined HAIRPIN_PIECES && {upper}_PIECES > HAIRPIN_PIECES
#error \"{lower} has {pieces} pieces, more than this build of the C interface holds: raise HAIRPIN_PIECES\"
#endif
"
        )
    });
    format!(
        "
// {what} as bytes:
{toml}{pieces}#define {upper}_LEN {len}
static const uint8_t {lower}[{upper}_LEN] = {{
{rows}}};
",
        toml = prefixed("//   ", toml),
        pieces = pieces.unwrap_or_default(),
        len = saved.bytes.len(),
        rows = saved.rows(),
    )
}
