//! A schedule written out for somebody else: as a table for a specification, or as bytes for a Rust or C program.
//!
//! Whatever came in, under the name of whichever library, comes out in our own kinds; the two have the same rates, bit for bit.

pub(crate) mod code;
pub(crate) mod comment;
mod concise;
mod name;
pub(crate) mod table;

use hairpin_core::{CheckpointError, ConfigError, Plan};

use crate::dialect::{Canonical, Translation};
use crate::document::SpecError;
use crate::spec::{ScheduleTemplate, plan_of};

pub use name::{Name, NameError};

/// What a schedule is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A TOML table, as `hairpin lr` and a specification read it.
    Toml,
    /// The same as a JSON object. JSON has no comments: remarks and momentum are left to the caller.
    Json,
    /// A Rust module that reads the schedule from its bytes.
    Rust,
    /// A C header that holds the bytes.
    C,
}

/// A schedule in our own kinds, ready to be written down.
#[derive(Debug, Clone)]
pub struct Converted {
    /// The rate.
    pub schedule: Written,
    /// The momentum, where the library moves it with the rate.
    pub momentum: Option<Written>,
    /// Where the library's behaviour differs from this, a sentence each.
    pub remarks: Vec<String>,
}

/// One schedule as a table and as what the core runs.
#[derive(Debug, Clone)]
pub struct Written {
    table: Canonical,
    plan: Plan,
}

impl Written {
    fn new(table: &Canonical) -> Result<Self, ConfigError> {
        Ok(Self::known(table, plan_of(table)?))
    }

    /// The same, of a table whose plan is known.
    pub(crate) fn known(table: &Canonical, plan: Plan) -> Self {
        Self {
            plan,
            table: concise::concise(table),
        }
    }

    /// What the core runs.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The table on its own as TOML, a line a key.
    #[must_use]
    pub fn toml(&self) -> String {
        table::document(&self.table)
    }

    /// The table on its own, without comments.
    #[must_use]
    pub fn json(&self) -> String {
        table::json(&self.table).to_string()
    }
}

impl Converted {
    /// Translates a schedule without ranges; with `faithful`, steps at which its library leaves its own formula are
    /// reproduced where the library's rule is well defined.
    ///
    /// # Errors
    /// A range in place of a value, or a schedule that is refused.
    pub fn new(template: &ScheduleTemplate, faithful: bool) -> Result<Self, SpecError> {
        let (mut resolved, _) = template.fixed()?;
        if faithful {
            resolved.make_faithful();
            template.build(&resolved)?;
        }
        let Translation {
            schedule,
            momentum,
            remarks,
            ..
        } = template.translate(&resolved)?;
        let refused = |error: ConfigError| {
            template.place().error(format!(
                "`{}` makes no schedule here: {error}",
                template.kind.name
            ))
        };
        Ok(Self {
            schedule: Written::new(&schedule).map_err(refused)?,
            momentum: momentum
                .map(|momentum| Written::new(&momentum))
                .transpose()
                .map_err(refused)?,
            remarks,
        })
    }

    /// The text, with a line break at its end; in Rust and C the items have this name.
    ///
    /// # Errors
    /// A schedule that cannot be saved as bytes.
    pub fn text(&self, target: Target, name: &Name) -> Result<String, CheckpointError> {
        match target {
            Target::Toml => Ok(self.toml()),
            Target::Json => Ok(format!("{:#}\n", table::json(&self.schedule.table))),
            Target::Rust => code::rust(self, name),
            Target::C => code::c(self, name),
        }
    }

    fn toml(&self) -> String {
        let mut text = comment::lines("# ", &self.remarks);
        text.push_str(&self.schedule.toml());
        if let Some(momentum) = &self.momentum {
            text.push_str("\n# The momentum that moves with it, as a schedule of its own:\n");
            text.push_str(&comment::prefixed(
                "# ",
                &table::entry("momentum", &momentum.table),
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests;
