//! The lesson in words, beside its pictures.

use maud::{DOCTYPE, Markup, html};

use super::schedules::Lesson;
use crate::plot::{Figure, page_head};
use crate::report::PAGE_CSS;

/// The whole page, self-contained.
pub(super) fn page(descent: &Figure, sheet: &Figure, lessons: &[Lesson]) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            (page_head("Learning rates and their schedules, explained", PAGE_CSS))
            body {
                main class="lesson" {
                    h1 { "hairpin explain" }
                    p class="headline" { "What a learning rate does, and why it should change" }
                    (first_part(descent))
                    (second_part(sheet))
                    h2 id="kinds" { "One by one" }
                    @for lesson in lessons { (kind(lesson)) }
                    (last_part())
                }
            }
        }
    };
    let mut text = markup.into_string();
    text.push('\n');
    text
}

fn first_part(descent: &Figure) -> Markup {
    html! {
        p {
            "Training walks downhill. The gradient says which way is up, and an update goes the other way: "
            code { "x ← x − learning_rate · gradient" } ". The learning rate is the length of the step for a given slope. "
            "It is the one number that decides whether training works at all."
        }
        (figure(descent))
        h2 { "Too large" }
        p {
            "The step overshoots the minimum and lands higher on the other side, where the slope is steeper and the next step longer. "
            "At first that looks like oscillation around the optimum; then the run leaves for good. On x²/2 every step multiplies x by "
            code { "1 − learning_rate" } ", so any rate above 2 diverges: the sharper the valley, the lower that limit."
        }
        h2 { "Too small" }
        p {
            "Nothing goes wrong, and nothing much happens: most of the computing is spent on the way. Worse, a small step cannot leave a "
            "poor valley once it is in it. The run in the double well ends in a " em { "local minimum" } ": the slope there is zero, and the "
            "better valley behind the hill is never seen. A larger rate from the same start steps over the hill."
        }
        h2 { "Right" }
        p {
            "Large enough to arrive in the steps one can pay for and to step over small hills, small enough not to overshoot. There is "
            "usually a whole range of such rates, and its upper end is close to where divergence begins. "
            code { "hairpin sweep" } " finds it by training with thousands of rates at once."
        }
    }
}

fn second_part(sheet: &Figure) -> Markup {
    html! {
        h2 { "Why the rate should fall" }
        p {
            "What is right changes during training. Far from the minimum, long steps save time. Near it they only swing: gradients come from a "
            "few examples at a time, their noise never ends, and each step carries it into the parameters in proportion to the rate. "
            "A rate that decays takes the long steps first and lets the noise die down afterwards. A " em { "schedule" } " is the rate "
            "as a function of the step."
        }
        h2 { "Why it may first rise" }
        p {
            "At the very start the parameters are random, the gradients are large and change from step to step. A " em { "warm-up" } " begins "
            "with small steps and reaches the full rate after some tens or thousands of steps; larger rates then become usable. "
            "Swell, then fade: the mark < > over a line of music, which musicians call a hairpin."
        }
        (figure(sheet))
    }
}

fn figure(figure: &Figure) -> Markup {
    html! {
        h2 id=(figure.name) { (figure.title) }
        figure { div class="wide" { (figure.inline()) } figcaption { (figure.caption) } }
    }
}

fn kind(lesson: &Lesson) -> Markup {
    html! {
        section class="kind" id=(lesson.kind) {
            h3 { code { (lesson.kind) } " " span class="soft" { (lesson.paddle) " in PaddlePaddle" } }
            p class="formula" { code { (lesson.formula) } }
            p { (lesson.words) }
        }
    }
}

fn last_part() -> Markup {
    html! {
        h2 { "Which one?" }
        p {
            "If nothing is known: a short linear warm-up into cosine annealing over the whole training, and a sweep over the rate by decades. "
            "Settle the rate before the kind: a poor rate costs more than a plain schedule does."
        }
        pre { code { "hairpin lr --schedule '{ kind = \"cosine_annealing\", learning_rate = 0.5, eta_min = 0.0, t_max = 100 }' --steps 0..100:10" } }
        footer { "In the formulas t is the step, counted from 0. The figures lie beside this page as SVG files." }
    }
}
