//! What has to be refused, with its code and the reason given.

/// Holds what a program printed about refusals against the list in `refused.txt`.
pub(crate) fn assert_refused(printed: &[&str]) {
    let expected: Vec<&str> = include_str!("refused.txt").lines().collect();
    for (found, expected) in printed.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(printed.len(), expected.len());
}

/// Every status has a text of its own, and what is none has another.
pub(crate) fn assert_texts(printed: &[&str]) {
    let statuses = super::header::statuses();
    let mut texts = std::collections::BTreeSet::new();
    for line in printed {
        let mut words = line.splitn(3, ' ').skip(1);
        let (Some(code), Some(text)) = (words.next(), words.next()) else {
            panic!("{line}");
        };
        let is_one = statuses.contains(&code.parse().unwrap());
        assert_eq!(text != "no status of hairpin's", is_one, "{line}");
        assert!(!is_one || texts.insert(text), "{line}: the text of another");
    }
    assert_eq!(texts.len(), statuses.len());
}
