//! A table with what a reader needs: what must be given, and what differs from its default.

use crate::dialect::{Canonical, Setting};
use crate::spec::{Fallback, Field, kind};

/// The same schedule without settings that only repeat a default, in the order in which its kind declares them.
pub(super) fn concise(table: &Canonical) -> Canonical {
    let Some(kind) = kind(table.kind) else {
        return table.clone();
    };
    let setting = |name: &str| table.settings.iter().find(|(key, _)| *key == name);
    let fields = kind.fields.iter().filter_map(|field| {
        setting(field.name).filter(|(_, setting)| !repeats_default(field, setting))
    });
    let slots = kind.slots.iter().filter_map(|slot| setting(slot.name));
    Canonical {
        kind: table.kind,
        settings: fields
            .chain(slots)
            .map(|(key, setting)| (*key, inside(setting)))
            .collect(),
    }
}

fn inside(setting: &Setting) -> Setting {
    match setting {
        Setting::Schedule(one) => Setting::Schedule(Box::new(concise(one))),
        Setting::Schedules(many) => Setting::Schedules(many.iter().map(concise).collect()),
        other => other.clone(),
    }
}

fn repeats_default(field: &Field, setting: &Setting) -> bool {
    match (field.fallback, setting) {
        // By bits: a zero of the other sign is another value.
        (Fallback::Number(default), Setting::Number(number)) => {
            default.to_bits() == number.to_bits()
        }
        (Fallback::Count(default), Setting::Count(count)) => default == *count,
        (Fallback::Flag(default), Setting::Flag(flag)) => default == *flag,
        (Fallback::Word(default), Setting::Text(text)) => default == text,
        _ => false,
    }
}
