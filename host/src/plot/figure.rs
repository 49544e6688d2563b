//! A finished figure, and what all figures share: palette, legend, style sheet.

use maud::{Markup, PreEscaped, html};

use super::text::{label_width, legal};

/// The variables and classes figures are written in; light and dark.
const FIGURE_CSS: &str = include_str!("figure.css");

/// The head of a page that holds figures: its title, and the style of the figures before that of the page.
pub(crate) fn page_head(title: &str, page_css: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="generator" content="hairpin";
            title { (title) }
            style { (PreEscaped(FIGURE_CSS)) (PreEscaped(page_css)) }
        }
    }
}

/// Height of the title line above a figure that stands alone.
const TITLE_HEIGHT: f64 = 40.0;

/// One figure: what is drawn, in a coordinate system of `width` by `height` px, and the words that belong to it.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// File name without `.svg`, and the anchor in the page.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// How to read the figure, and what it shows here.
    pub(crate) caption: String,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) body: Markup,
}

impl Figure {
    /// The figure as an SVG file of its own, with its title and style.
    pub(crate) fn file(&self) -> String {
        self.document(TITLE_HEIGHT)
    }

    /// The same without a title above it, for a page that has one; who cannot see it is still told.
    pub(crate) fn untitled_file(&self) -> String {
        self.document(0.0)
    }

    fn document(&self, above: f64) -> String {
        let (width, height) = (self.width, self.height + above);
        let view = format!("0 {} {width} {height}", 0.0 - above);
        let title_id = format!("{}-title", self.name);
        let caption_id = format!("{}-caption", self.name);
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" class="fig" viewBox=(view) width=(width) height=(height) role="img"
                aria-labelledby={ (title_id) " " (caption_id) } {
                title id=(title_id) { (self.title) }
                desc id=(caption_id) { (self.caption) }
                style { (PreEscaped(FIGURE_CSS)) }
                rect class="paper" x="0" y=(0.0 - above) width=(width) height=(height) {}
                @if above > 0.0 { text class="big" x="16" y="-13" { (self.title) } }
                (self.body)
            }
        };
        let mut text = legal(svg.into_string());
        text.push('\n');
        text
    }

    /// The figure as part of a page that has [`FIGURE_CSS`] in its head and prints title and caption itself.
    pub(crate) fn inline(&self) -> Markup {
        html! {
            svg class="fig" viewBox={ "0 0 " (self.width) " " (self.height) } role="img" aria-label=(self.title) { (self.body) }
        }
    }
}

/// The colour of series `i`: Okabe and Ito's eight, told apart by all common kinds of colour vision, in an order that starts with
/// the most distinct. Beyond eight they repeat, so a figure with more must name its series otherwise.
pub(crate) fn series(i: usize) -> String {
    format!("var(--s{})", i % 8)
}

/// Steps of the ramp from best (0) to worst, whose lightness falls steadily.
pub(crate) const RAMP: usize = 8;

/// The step of the ramp for `rank` of `count` things sorted from the best: by rank, so that one outlier does not make all others equal.
pub(crate) fn ramp_bin(rank: usize, count: usize) -> usize {
    (rank * RAMP / count.max(1)).min(RAMP - 1)
}

/// A key to the ramp: eight boxes between two words, `width` about 200 px.
pub(crate) fn ramp_key(x: f64, y: f64, best: &str, worst: &str) -> Markup {
    let start = x + label_width(best) + 6.0;
    html! {
        text class="soft" x=(x) y=(y + 10.0) { (best) }
        @for i in 0..RAMP {
            rect x=(start + 14.0 * i as f64) y=(y) width="14" height="12" fill={ "var(--q" (i) ")" } {}
        }
        text class="soft" x=(start + 14.0 * RAMP as f64 + 6.0) y=(y + 10.0) { (worst) }
    }
}

/// One line of a legend.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) label: String,
    /// The sample, drawn in a box of 26 by 12 px with its origin at the top left.
    pub(crate) sample: Markup,
}

impl Entry {
    /// A legend line with a stroke of the given style.
    pub(crate) fn line(label: impl Into<String>, class: &str, style: &str) -> Self {
        Self {
            label: label.into(),
            sample: html! { path class=(class) style=(style) d="M2,6H24" {} },
        }
    }

    /// A legend line with a round dot.
    pub(crate) fn dot(label: impl Into<String>, colour: &str) -> Self {
        Self {
            label: label.into(),
            sample: html! { circle cx="13" cy="6" r="4" fill=(colour) {} },
        }
    }

    /// A legend line with the cross that marks a trial's end by divergence.
    pub(crate) fn cross(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            sample: html! { path class="bad" stroke-width="1.6" d="M10,3l6,6m0,-6l-6,6" {} },
        }
    }
}

/// A legend outside the data, in rows from `(x, y)` that wrap at `width`; returns the height it takes with it.
pub(crate) fn legend(entries: &[Entry], x: f64, y: f64, width: f64) -> (Markup, f64) {
    const ROW: f64 = 20.0;
    let mut at = (x, y);
    let placed: Vec<_> = entries
        .iter()
        .map(|entry| {
            let needed = 32.0 + label_width(&entry.label) + 18.0;
            if at.0 > x && at.0 + needed > x + width {
                at = (x, at.1 + ROW);
            }
            let here = at;
            at.0 += needed;
            (here, entry)
        })
        .collect();
    let height = if entries.is_empty() {
        0.0
    } else {
        at.1 - y + ROW
    };
    let markup = html! {
        @for ((x, y), entry) in placed {
            g transform={ "translate(" (x) "," (y) ")" } {
                (entry.sample)
                text x="32" y="10.5" { (entry.label) }
            }
        }
    };
    (markup, height)
}
