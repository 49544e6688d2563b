//! Comments in front of lines.

/// How wide a line of a comment becomes before it is broken.
const WIDTH: usize = 100;

/// Sentences as comment lines, each broken between words; `mark` begins every line.
pub(crate) fn lines(mark: &str, sentences: &[String]) -> String {
    let mut text = String::new();
    for sentence in sentences {
        let mut line = String::new();
        for word in sentence.split_whitespace() {
            if !line.is_empty() && mark.len() + line.len() + 1 + word.len() > WIDTH {
                text.push_str(&format!("{mark}{line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        text.push_str(&format!("{mark}{line}\n"));
    }
    text
}

/// `text` with `mark` in front of every line.
pub(crate) fn prefixed(mark: &str, text: &str) -> String {
    text.lines().map(|line| format!("{mark}{line}\n")).collect()
}
