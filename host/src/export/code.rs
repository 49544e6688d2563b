//! A trial as source text.

use hairpin_core::Rounding;

use super::{ExportError, Tuned};
use crate::convert::Name;
use crate::convert::code::{Saved, c_item, rust_item};
use crate::convert::comment::{lines, prefixed};
use crate::convert::table::number;

/// What stands in a text: what it is called, what it is, how it is written by hand, and the bytes.
type Item = (Name, &'static str, String, Saved);

impl Tuned {
    /// A Rust module against `hairpin-core`, to be included or to be a file of its own.
    ///
    /// # Errors
    /// What cannot be saved as bytes.
    pub fn rust(&self, name: &Name) -> Result<String, ExportError> {
        let mut text = self.origin("// ");
        text.push_str(&format!(
            "
/// How many updates the trial made.
#[allow(dead_code, reason = \"a program may train for longer or for ever\")]
pub const {}: u32 = {};
",
            name.of("steps").upper(),
            self.steps()
        ));
        for (name, what, toml, saved) in self.items(name)? {
            text.push_str(&rust_item(&name, what, &toml, &saved));
        }
        Ok(text)
    }

    /// A header in C99 that C++ takes, too.
    ///
    /// # Errors
    /// What cannot be saved as bytes, and a name that the C interface has taken.
    pub fn c(&self, name: &Name) -> Result<String, ExportError> {
        if name.lower() == "hairpin" {
            return Err(ExportError::NameTaken { name: name.lower() });
        }
        let mut text = self.origin("// ");
        let read_by = match self.momentum {
            None => "Read by hairpin_schedule_load and hairpin_sgd_load of the C interface.",
            Some(_) => {
                "Read by hairpin_schedule_load (schedule and momentum) and hairpin_sgd_load of the C interface; the \
                 update of a step is that of hairpin_sgd_at_momentum."
            }
        };
        let order = "Include it after hairpin.h: what that build has no room for is then told when the program is compiled.";
        text.push_str(&lines("// ", &[read_by.to_owned(), order.to_owned()]));
        let guard = format!("HAIRPIN_TRIAL_{}_H", name.upper());
        text.push_str(&format!(
            "#ifndef {guard}
#define {guard}

#include <stdint.h>

// How many updates the trial made.
#define {} {}
",
            name.of("steps").upper(),
            self.steps()
        ));
        for (name, what, toml, saved) in self.items(name)? {
            text.push_str(&c_item(&name, what, &toml, &saved));
        }
        text.push_str("\n#endif\n");
        Ok(text)
    }

    fn items(&self, name: &Name) -> Result<Vec<Item>, ExportError> {
        let mut items = vec![
            (
                name.of("schedule"),
                "The schedule",
                self.schedule.toml(),
                Saved::schedule(&self.schedule)?,
            ),
            (
                name.of("sgd"),
                "The update",
                self.sgd_toml(),
                Saved::sgd(&self.sgd),
            ),
        ];
        if let Some(momentum) = &self.momentum {
            items.push((
                name.of("momentum"),
                "The momentum that goes with the step",
                momentum.toml(),
                Saved::schedule(momentum)?,
            ));
        }
        Ok(items)
    }

    /// Where it comes from and what is to be known about it, as comments.
    pub(super) fn origin(&self, mark: &str) -> String {
        let manifest = &self.manifest;
        let [loss, accuracy] = &self.ended;
        let is_best = manifest
            .leaders
            .first()
            .is_some_and(|best| best.trial == self.trial());
        let rank = if is_best {
            format!(", the best by {}", self.spec.metric.name.as_str())
        } else {
            String::new()
        };
        let mut sentences = vec![
            format!(
                "Made by `hairpin export`, version {}: trial {} of the {} of the sweep {}{rank}.",
                manifest.hairpin,
                self.trial(),
                self.spec.trials,
                // A name may hold anything but a slash; a comment is one line.
                manifest.name.escape_debug(),
            ),
            format!(
                "After {} steps of {} examples: val_loss {loss}, val_accuracy {accuracy}.",
                self.steps(),
                self.spec.train.batch,
            ),
            format!(
                "Specification {}, seed {}.",
                manifest.spec_hash, self.spec.seed
            ),
        ];
        sentences.extend(self.remarks.iter().cloned());
        lines(mark, &sentences)
    }

    /// The update as it stands in a specification.
    pub(super) fn sgd_toml(&self) -> String {
        let config = self.sgd.config();
        let momentum = match self.momentum {
            Some(_) => "# momentum goes with the step\n".to_owned(),
            None => format!("momentum = {}\n", number(config.momentum)),
        };
        let rounding = match config.rounding {
            Rounding::Separate => "separate",
            Rounding::Fused => "fused",
        };
        format!(
            "{momentum}dampening = {}\nnesterov = {}\nweight_decay = {}\ngradient_scale = {}\nrounding = \"{rounding}\"\n",
            number(config.dampening),
            config.nesterov,
            number(config.weight_decay),
            number(config.gradient_scale),
        )
    }

    /// The update as comments.
    pub(super) fn sgd_comment(&self, mark: &str) -> String {
        prefixed(mark, &self.sgd_toml())
    }
}
