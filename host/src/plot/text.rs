//! Numbers and labels as a reader wants them.

/// `value` with at most `digits` significant digits, no trailing zeros, and an exponent only far from 1.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.*e}", digits.max(1) - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let places = (digits as i32 - 1 - exponent).max(0) as usize;
        return trimmed(&format!("{value:.places$}")).to_owned();
    }
    format!("{}e{exponent}", trimmed(mantissa))
}

fn trimmed(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

/// `4,096 trials`, `1 trial`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + noun.len() + 2);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !noun.is_empty() {
        grouped.push(' ');
        grouped.push_str(noun);
        if n != 1 {
            grouped.push('s');
        }
    }
    grouped
}

/// `part` of `whole` in whole percent, honest at both ends: never 0 % for some, never 100 % for not all.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    let share = 100.0 * part as f64 / whole.max(1) as f64;
    match part {
        0 => "0 %".to_owned(),
        _ if part >= whole => "100 %".to_owned(),
        _ if share < 1.0 => "< 1 %".to_owned(),
        _ if share > 99.0 => "> 99 %".to_owned(),
        _ => format!("{share:.0} %"),
    }
}

/// The first `longest` characters, with an ellipsis in place of the rest.
pub(crate) fn shorten(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(longest.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// `text` without the characters XML 1.0 forbids, which would make the whole file unreadable.
pub(crate) fn legal(text: String) -> String {
    let forbidden = |c: char| {
        (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    if text.contains(forbidden) {
        text.replace(forbidden, "\u{fffd}")
    } else {
        text
    }
}

/// The width a label of `text` takes at 12 px, in px: 0.58 of the size a character, that of wide sans-serif faces.
pub(crate) fn label_width(text: &str) -> f64 {
    text.chars().count() as f64 * 7.0
}

/// Moves sorted-or-not label places apart until neighbours are `gap` away from each other, keeping them within `[low, high]`
/// as far as they fit, in the order they had.
pub(crate) fn spread_labels(places: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]).then(a.cmp(&b)));
    let mut moved = places.to_vec();
    let mut floor = low;
    for &i in &order {
        moved[i] = moved[i].max(floor);
        floor = moved[i] + gap;
    }
    let mut ceiling = high;
    for &i in order.iter().rev() {
        moved[i] = moved[i].min(ceiling);
        ceiling = moved[i] - gap;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.137_24, "0.137"),
            (9.3, "9.3"),
            (1234.6, "1235"),
            (0.000_12, "0.00012"),
            (1.2e-5, "1.2e-5"),
            (-1e9, "-1e9"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "∞"),
            (99.96, "100"),
        ] {
            assert_eq!(significant(value, 3), text);
        }
    }

    #[test]
    fn counts_are_grouped_and_percents_honest() {
        assert_eq!(
            [
                count(1, "trial"),
                count(4096, "trial"),
                count(1_234_567, "")
            ],
            ["1 trial", "4,096 trials", "1,234,567"]
        );
        assert_eq!(
            [
                percent(0, 9),
                percent(1, 4096),
                percent(4095, 4096),
                percent(3, 4),
                percent(4, 4)
            ],
            ["0 %", "< 1 %", "> 99 %", "75 %", "100 %"]
        );
    }

    #[test]
    fn labels_do_not_touch() {
        let moved = spread_labels(&[50.0, 50.0, 51.0, 10.0], 12.0, 0.0, 100.0);
        let mut sorted = moved.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(
            sorted.windows(2).all(|pair| pair[1] - pair[0] >= 12.0),
            "{moved:?}"
        );
        assert!(moved.iter().all(|&place| (0.0..=100.0).contains(&place)));
        assert!(moved[0] < moved[1] && moved[3] == 10.0);
    }

    #[test]
    fn forbidden_characters_are_replaced() {
        assert_eq!(
            legal("a\u{0}b\nc\u{1b}".to_owned()),
            "a\u{fffd}b\nc\u{fffd}"
        );
        assert_eq!(shorten("cosine_annealing", 8), "cosine_…");
    }
}
