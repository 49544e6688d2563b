//! The page: the result first, then the figures, then how to repeat it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::digest::{Digest, median};
use super::{ParamCell, TrialRow};
use crate::plot::{Figure, count, legal, page_head, percent, series, shorten, significant};

/// Style sheet of every page.
pub(crate) const PAGE_CSS: &str = include_str!("page.css");

/// The whole page, self-contained.
pub(crate) fn page(digest: &Digest, figures: &[Figure]) -> String {
    let report = digest.report;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (page_head(&format!("{} · {}", shorten(&headline(digest), 70), report.title), PAGE_CSS))
            body {
                main {
                    (top(digest))
                    (by_kind(digest))
                    @for figure in figures.iter().take(3) { (figure_section(figure)) }
                    (leaderboard(digest))
                    @for figure in figures.iter().skip(3) { (figure_section(figure)) }
                    (provenance(digest))
                }
                script { (PreEscaped(include_str!("page.js"))) }
            }
        }
    };
    let mut text = legal(markup.into_string());
    text.push('\n');
    text
}

/// The result in one line.
fn headline(digest: &Digest) -> String {
    let Some(best) = digest.best() else {
        return match digest.order.len() {
            0 => "No trials".to_owned(),
            1 => "The only trial diverged".to_owned(),
            n => format!("All {} diverged", count(n, "trial")),
        };
    };
    let trial = digest.trial(best);
    let mut line = format!(
        "Best: trial {}, {}, {}",
        trial.index,
        digest.metric(best),
        digest.kind(best)
    );
    if let Some(rate) = digest.rates[best] {
        line.push_str(&format!(", learning_rate {}", significant(rate, 3)));
    }
    line
}

fn top(digest: &Digest) -> Markup {
    let report = digest.report;
    let summary = &report.summary;
    let finite = || {
        digest.order[..digest.finished]
            .iter()
            .map(|&p| digest.trial(p).final_metric)
    };
    let all: Vec<f64> = finite().collect();
    let equal = digest.finished > 1 && finite().all(|value| value == all[0]);
    html! {
        h1 { (report.title) }
        p class="headline" { (headline(digest)) }
        p {
            "A sweep of " (count(digest.order.len(), "trial")) ", " (summary.model) " on " (summary.data) ", "
            (count(summary.steps as usize, "step")) " each, seed " (report.seed) ". "
            (digest.threshold().sentence(digest.diverged()))
            @if equal { " All results are equal: the spec varies nothing that matters here." }
        }
        div class="tiles" {
            @if let Some(best) = digest.best() {
                (tile(&significant(digest.trial(best).final_metric, 4), &format!("best {}", report.metric_name)))
                @if let Some(accuracy) = digest.trial(best).final_accuracy.filter(|accuracy| accuracy.is_finite()) {
                    (tile(&format!("{:.1} %", 100.0 * accuracy), "its accuracy"))
                }
                (tile(&significant(median(&all), 3), &format!("median {} of those that finished", report.metric_name)))
            }
            (tile(&percent(digest.diverged(), digest.order.len()), &diverged(digest)))
        }
    }
}

fn diverged(digest: &Digest) -> String {
    match digest.diverged() {
        0 => "diverged".to_owned(),
        n => format!("diverged ({})", count(n, "trial")),
    }
}

fn tile(value: &str, name: &str) -> Markup {
    html! { div { b { (value) } span { (name) } } }
}

/// One line a kind of schedule: how its trials did.
fn by_kind(digest: &Digest) -> Markup {
    let report = digest.report;
    let mut groups: Vec<(usize, Vec<usize>)> = (0..report.alternatives.len())
        .map(|i| (i, digest.group(i)))
        .collect();
    groups.sort_by_key(|(_, group)| {
        group
            .first()
            .map_or(usize::MAX, |&position| digest.ranks[position])
    });
    html! {
        h2 { "Schedules" }
        div class="wide" {
            table class="sortable" {
                thead { tr {
                    th { "kind" } th class="n" { "trials" } th class="n" { "diverged" } th class="n" { "best " (report.metric_name) }
                    th class="n" { "median" } th class="n" { "best learning_rate" } th class="n" { "best trial" }
                } }
                tbody {
                    @for (kind, group) in &groups {
                        @let done: Vec<f64> = group.iter().filter(|&&p| !digest.trial(p).diverged()).map(|&p| digest.trial(p).final_metric).collect();
                        @let first = group.first().filter(|_| !done.is_empty());
                        tr {
                            td { span class="dotted" style={ "--kind:" (series(*kind)) } { (report.alternatives[*kind]) } }
                            td class="n" data-key=(group.len()) { (count(group.len(), "")) }
                            td class="n" data-key=(group.len() - done.len()) { (percent(group.len() - done.len(), group.len())) }
                            td class="n" { (first.map_or("–".to_owned(), |&p| significant(digest.trial(p).final_metric, 4))) }
                            td class="n" { @if done.is_empty() { "–" } @else { (significant(median(&done), 3)) } }
                            td class="n" { (first.and_then(|&p| digest.rates[p]).map_or("–".to_owned(), |rate| significant(rate, 3))) }
                            td class="n" { (first.map_or("–".to_owned(), |&p| digest.trial(p).index.to_string())) }
                        }
                    }
                }
            }
        }
    }
}

fn figure_section(figure: &Figure) -> Markup {
    html! {
        h2 id=(figure.name) { (figure.title) }
        figure { div class="wide" { (figure.inline()) } figcaption { (figure.caption) } }
    }
}

fn leaderboard(digest: &Digest) -> Markup {
    let report = digest.report;
    let leaders: Vec<usize> = digest.order[..digest.finished]
        .iter()
        .copied()
        .take(super::LEADERS)
        .collect();
    let accuracies = leaders
        .iter()
        .any(|&p| digest.trial(p).final_accuracy.is_some());
    html! {
        @if !leaders.is_empty() {
            h2 id="leaders" { "The " (if leaders.len() == 1 { "trial".to_owned() } else { format!("best {} trials", leaders.len()) }) }
            p class="soft" { "Each schedule is given as the table that " code { "hairpin lr --schedule" } " and the spec file take." }
            div class="wide" {
                table class="sortable leaders" {
                    thead { tr {
                        th class="n" { "#" } th class="n" { "trial" } th class="n" { (report.metric_name) }
                        @if accuracies { th class="n" { "accuracy" } }
                        th class="n" { "best on the way" } th { "schedule and parameters" }
                    } }
                    tbody {
                        @for (rank, &position) in leaders.iter().enumerate() {
                            (leader(digest, rank, position, accuracies))
                        }
                    }
                }
            }
        }
    }
}

fn leader(digest: &Digest, rank: usize, position: usize, accuracies: bool) -> Markup {
    let trial = digest.trial(position);
    let toml = digest
        .report
        .leaders
        .iter()
        .find(|leader| leader.position == position)
        .map(|leader| leader.schedule_toml.as_str());
    html! {
        tr {
            td class="n" { (rank + 1) }
            td class="n" data-name="trial" { (trial.index) }
            td class="n" data-name=(digest.report.metric_name) { b { (significant(trial.final_metric, 4)) } }
            @if accuracies {
                td class="n" data-name="accuracy" { (trial.final_accuracy.map_or("–".to_owned(), |accuracy| format!("{:.1} %", 100.0 * accuracy))) }
            }
            td class="n" data-name="best" { (significant(trial.best_metric, 4)) }
            td data-key=(digest.kind(position)) {
                span class="dotted" style={ "--kind:" (series(trial.alternative)) } { b { (digest.kind(position)) } }
                div class="parameters" { (parameters(trial)) }
                @if let Some(toml) = toml {
                    div class="toml" { button type="button" data-copy hidden { "copy" } code { (toml) } }
                }
            }
        }
    }
}

fn parameters(trial: &TrialRow) -> Markup {
    html! {
        @for (name, cell) in &trial.parameters {
            span title=[matches!(cell, ParamCell::Text(_)).then(|| cell.to_string())] { i { (name) } " " (shorten(&cell.to_string(), 60)) }
            " "
        }
    }
}

fn provenance(digest: &Digest) -> Markup {
    let report = digest.report;
    html! {
        h2 { "To repeat it" }
        p { "The same spec and seed draw the same trials on any machine." }
        details open[report.spec_text.lines().count() <= 40] {
            summary { "The spec file" }
            pre { code { (report.spec_text) } }
        }
        footer {
            "seed " (report.seed)
            @for (name, version) in &report.versions { " · " (name) " " (version) }
            ". The figures lie beside this page as SVG files."
        }
    }
}
