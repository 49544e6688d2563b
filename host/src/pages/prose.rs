//! The words of a page: what the sources say about a kind, as Markdown.

use std::fs;
use std::path::{Path, PathBuf};

use super::PagesError;

/// What is written about the kinds that compose others, which have no file of their own in the core.
const COMPOSITIONS: &str = include_str!("compositions.md");

/// The places where the libraries' users report what went wrong, by the name that the sources use for them.
const TRACKERS: [(&str, &str); 7] = [
    ("burn", "tracel-ai/burn"),
    ("keras", "keras-team/keras"),
    ("optax", "google-deepmind/optax"),
    ("paddle", "PaddlePaddle/Paddle"),
    ("pytorch", "pytorch/pytorch"),
    ("timm", "huggingface/pytorch-image-models"),
    ("transformers", "huggingface/transformers"),
];

/// The sources of the core, read once.
pub(super) struct Sources {
    files: Vec<(PathBuf, String)>,
    suites: Vec<String>,
    /// Names of types with the kinds that have a page of their own.
    pages: Vec<(String, &'static str)>,
}

/// What is known about one kind: a sentence, then paragraphs, then sections by their headings.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Prose {
    pub(super) summary: String,
    pub(super) body: String,
    sections: Vec<(String, String)>,
}

impl Prose {
    /// The section of that heading, where there is one.
    pub(super) fn section(&self, heading: &str) -> Option<&str> {
        let mut sections = self.sections.iter();
        sections
            .find(|(known, _)| known == heading)
            .map(|(_, text)| text.as_str())
    }

    /// Splits a text at its headings and its first paragraph from the rest.
    fn of(text: &str, heading_mark: &str) -> Self {
        let mut sections: Vec<(String, String)> = vec![(String::new(), String::new())];
        let mut in_code = false;
        for line in text.lines() {
            in_code ^= line.starts_with("```");
            match line.strip_prefix(heading_mark) {
                Some(heading) if !in_code => {
                    sections.push((heading.trim().to_owned(), String::new()));
                }
                _ => {
                    if let Some((_, text)) = sections.last_mut() {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
        }
        let head = sections.remove(0).1;
        let (summary, body) = head.trim().split_once("\n\n").unwrap_or((head.trim(), ""));
        let sections = sections
            .into_iter()
            .map(|(heading, text)| (heading, text.trim().to_owned()))
            .collect();
        Self {
            summary: summary.replace('\n', " "),
            body: body.trim().to_owned(),
            sections,
        }
    }
}

impl Sources {
    /// Reads the core of the repository; `kinds` are the kinds that have pages.
    pub(super) fn read(repository: &Path, kinds: &[&'static str]) -> Result<Self, PagesError> {
        let mut files = Vec::new();
        read_rust(&repository.join("core/src"), &mut files)?;
        let mut suites = Vec::new();
        for path in entries(&repository.join("tests"))? {
            let name = path.file_stem().and_then(|stem| stem.to_str());
            if let (Some(name), Some("rs")) = (name, path.extension().and_then(|e| e.to_str())) {
                suites.push(name.to_owned());
            }
        }
        let mut sources = Self {
            files,
            suites,
            pages: Vec::new(),
        };
        sources.pages = kinds
            .iter()
            .map(|&kind| (sources.type_of(kind), kind))
            .collect();
        Ok(sources)
    }

    /// The file of that name: the one among the schedules before others.
    fn file(&self, kind: &str) -> Option<&str> {
        let named = format!("{kind}.rs");
        let ends = [Path::new("schedules").join(&named), PathBuf::from(&named)];
        ends.iter().find_map(|end| {
            let mut files = self.files.iter();
            let found = files.find(|(path, _)| path.ends_with(end));
            found.map(|(_, text)| text.as_str())
        })
    }

    /// The type of a kind: the one whose parameters are declared under its name, or else its name in Rust's spelling.
    fn type_of(&self, kind: &str) -> String {
        let declared = self.file(kind).and_then(|text| {
            let (before, _) = text.split_once(&format!(", \"{kind}\","))?;
            let name = before.rsplit(['\n', ' ']).next()?;
            name.split('<').next()
        });
        match declared {
            Some(name) => name.to_owned(),
            None => kind
                .split('_')
                .map(|word| word[..1].to_uppercase() + &word[1..])
                .collect(),
        }
    }

    /// What the sources say about a kind.
    pub(super) fn prose(&self, kind: &str) -> Result<Prose, PagesError> {
        if let Some(text) = self.file(kind) {
            let name = self.type_of(kind);
            let documented = doc_of(text, &name).ok_or_else(|| PagesError::Undocumented {
                kind: kind.to_owned(),
            })?;
            return Ok(Prose::of(&self.linked(&documented), "# "));
        }
        let own = COMPOSITIONS
            .split("\n# ")
            .find_map(|part| part.strip_prefix(kind)?.strip_prefix('\n'))
            .ok_or_else(|| PagesError::Undocumented {
                kind: kind.to_owned(),
            })?;
        Ok(Prose::of(&self.linked(own), "## "))
    }

    /// What each of these words means, where an enum of the core declares them: the one in the kind's own file before others.
    pub(super) fn meanings(&self, kind: &str, words: &[&str]) -> Option<Vec<String>> {
        let own = self.file(kind).into_iter();
        let all = self.files.iter().map(|(_, text)| text.as_str());
        own.chain(all).find_map(|text| {
            text.split("words! {").skip(1).find_map(|block| {
                let declared = variants(block);
                let same = declared.iter().map(|(word, _)| word).eq(words.iter());
                same.then(|| {
                    let meanings = declared.into_iter().map(|(_, doc)| self.linked(&doc));
                    meanings.collect()
                })
            })
        })
    }

    /// The text with its links made good for a page: types to their pages, suites to their files, reports to their trackers.
    fn linked(&self, text: &str) -> String {
        let mut in_code = false;
        let mut linked = String::with_capacity(text.len());
        for line in text.lines() {
            let fence = line.starts_with("```");
            in_code ^= fence;
            if in_code || fence {
                linked.push_str(line);
            } else {
                linked.push_str(&self.tracked(&self.suites_linked(&self.types_linked(line))));
            }
            linked.push('\n');
        }
        linked
    }

    /// A line with the links of the Rust documentation, `` [`X`] `` and `[words](crate::X)`, made links to pages or plain text.
    fn types_linked(&self, line: &str) -> String {
        let mut out = String::with_capacity(line.len());
        let mut rest = line;
        while let Some((before, from)) = rest.split_once('[') {
            out.push_str(before);
            let Some((words, after)) = from.split_once(']') else {
                rest = from;
                out.push('[');
                continue;
            };
            let target = after
                .strip_prefix('(')
                .and_then(|after| after.split_once(')'));
            let is_rust = |target: &str| target.contains("::") || !target.contains(['/', '.', '#']);
            let (path, after) = match target {
                Some((target, after)) if is_rust(target) => (target, after),
                None if words.starts_with('`') && words.ends_with('`') => {
                    (words.trim_matches('`'), after)
                }
                _ => {
                    out.push('[');
                    rest = from;
                    continue;
                }
            };
            let mut pages = self.pages.iter();
            let page = pages.find(|(name, _)| path.split("::").any(|part| part == name));
            match page {
                Some((_, kind)) => out.push_str(&format!("[{words}]({kind}.md)")),
                None => out.push_str(words),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn suites_linked(&self, line: &str) -> String {
        self.suites.iter().fold(line.to_owned(), |line, suite| {
            line.replace(
                &format!("`{suite}` in the test suite"),
                &format!("[`{suite}`](../../tests/{suite}.rs) in the test suite"),
            )
        })
    }

    /// A line with `pytorch 47560, 1234` made links to the reports.
    fn tracked(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (name, repository) in TRACKERS {
            let mut out = String::with_capacity(line.len());
            let mut rest = line.as_str();
            while let Some(at) = rest.find(name) {
                let (before, from) = rest.split_at(at);
                out.push_str(before);
                out.push_str(name);
                rest = &from[name.len()..];
                let begins_word = !before.ends_with(|c: char| c.is_alphanumeric() || c == '/');
                while let Some((between, number)) = next_number(rest).filter(|_| begins_word) {
                    rest = &rest[between.len() + number.len()..];
                    out.push_str(&format!(
                        "{between}[{number}](https://github.com/{repository}/issues/{number})"
                    ));
                }
            }
            out.push_str(rest);
            line = out;
        }
        line
    }
}

/// The number of a report at the start of `text`, and what stands in front of it.
fn next_number(text: &str) -> Option<(&str, &str)> {
    let between = [" PR ", " #", " ", ", ", " and "]
        .into_iter()
        .find(|between| {
            let after = text.strip_prefix(between);
            after.is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()))
        })?;
    let after = &text[between.len()..];
    let length = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    // A version or a number with decimals is none, and neither are single digits.
    let ends = !after[length..].starts_with(|c: char| c.is_alphanumeric())
        && !(after[length..].starts_with('.')
            && after[length + 1..].starts_with(|c: char| c.is_ascii_digit()));
    (length >= 3 && ends).then(|| (&text[..between.len()], &after[..length]))
}

/// The documentation in front of `pub struct name`.
fn doc_of(text: &str, name: &str) -> Option<String> {
    let is_it = |line: &str| {
        line.strip_prefix("pub struct ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| is_it(line))?;
    let mut doc: Vec<&str> = lines[..at]
        .iter()
        .rev()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("///"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    doc.reverse();
    (!doc.is_empty()).then(|| doc.join("\n"))
}

/// The words of a `words!` block with what is said about each.
fn variants(block: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in block.lines().map(str::trim).skip(1) {
        if line == "}" {
            break;
        }
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if line.starts_with("pub enum") {
            doc.clear();
        } else if let Some((_, word)) = line.split_once(" = \"") {
            found.push((word.trim_end_matches(['"', ',']), doc.join(" ")));
            doc.clear();
        }
    }
    found
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, PagesError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(directory)? {
            paths.push(entry?.path());
        }
        // The order of a directory is the file system's.
        paths.sort();
        Ok(paths)
    };
    read().map_err(|source| PagesError::Read {
        path: directory.to_path_buf(),
        source,
    })
}

fn read_rust(directory: &Path, files: &mut Vec<(PathBuf, String)>) -> Result<(), PagesError> {
    for path in entries(directory)? {
        if path.is_dir() {
            read_rust(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = super::read_text(&path)?;
            files.push((path, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        Sources {
            files: vec![(
                PathBuf::from("schedules/step.rs"),
                "words! {\n    /// When.\n    pub enum When {\n        /// Now, see [`Linear`].\n        #[default]\n        Now = \"now\",\n        \
                 /// Later\n        /// on.\n        Later = \"later\",\n    }\n}\n\n/// Cuts.\n///\n/// Often.\n///\n/// # Pitfalls\n/// None.\n\
                 #[derive(Debug)]\npub struct Step {}\n\nparameters! {\n    Step, \"step\", \"x\";\n}\n"
                    .to_owned(),
            )],
            suites: vec!["reference".to_owned()],
            pages: vec![("Linear".to_owned(), "linear"), ("Step".to_owned(), "step")],
        }
    }

    #[test]
    fn a_file_becomes_prose() {
        let prose = sources().prose("step").unwrap();
        assert_eq!((&*prose.summary, &*prose.body), ("Cuts.", "Often."));
        assert_eq!(prose.section("Pitfalls"), Some("None."));
        assert_eq!(prose.section("Source"), None);
        assert_eq!(sources().type_of("linear_factor"), "LinearFactor");
    }

    #[test]
    fn words_have_meanings() {
        let meanings = sources().meanings("step", &["now", "later"]).unwrap();
        assert_eq!(
            meanings.iter().map(|m| m.trim()).collect::<Vec<_>>(),
            ["Now, see [`Linear`](linear.md).", "Later on."]
        );
        assert_eq!(sources().meanings("step", &["now"]), None);
    }

    #[test]
    fn links_go_where_a_page_can_follow() {
        for (text, linked) in [
            (
                "as [`Linear`] and [`Linear::new`]",
                "as [`Linear`](linear.md) and [`Linear::new`](linear.md)",
            ),
            ("[`Kind`], [no link], a[0]", "`Kind`, [no link], a[0]"),
            (
                "[a step](crate::Step), [b](crate::Kind)",
                "[a step](step.md), b",
            ),
            (
                "[page](https://x.org/a.html)",
                "[page](https://x.org/a.html)",
            ),
            (
                "(`reference` in the test suite)",
                "([`reference`](../../tests/reference.rs) in the test suite)",
            ),
            (
                "(optax PR 1781, 901; timm 1.0.31)",
                "(optax PR [1781](https://github.com/google-deepmind/optax/issues/1781), \
                 [901](https://github.com/google-deepmind/optax/issues/901); timm 1.0.31)",
            ),
            ("```\n[`Linear`]\n```", "```\n[`Linear`]\n```"),
        ] {
            assert_eq!(sources().linked(text).trim_end(), linked);
        }
    }
}
