//! The pens and rulers the figures are drawn with: scales with ticks, panels with axes, one palette.
//!
//! A figure is markup written by `maud`, so that every text in it is escaped by its type, in the separate SVG file and in the
//! page alike. Colours are CSS variables with a light and a dark value: one figure serves both.

mod braille;
mod figure;
mod panel;
mod path;
mod scale;
mod terminal;
mod text;

pub(crate) use braille::Braille;
pub(crate) use figure::{Entry, Figure, RAMP, legend, page_head, ramp_bin, ramp_key, series};
pub(crate) use panel::Panel;
pub(crate) use path::Path;
pub(crate) use scale::Scale;
pub(crate) use terminal::Terminal;
pub(crate) use text::{count, label_width, legal, percent, shorten, significant, spread_labels};
