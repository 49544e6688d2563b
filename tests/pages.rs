//! The pages about the schedules: as the sources have them, whole, and with links that lead somewhere; and a picture as its record has it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hairpin_host::growth;
use hairpin_host::pages::{Page, pages};
use hairpin_host::spec::KINDS;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn written() -> Vec<Page> {
    pages(&repository()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn pages_are_what_the_sources_say() {
    let mut differ = Vec::new();
    let mut known = BTreeSet::new();
    for page in written() {
        let path = repository().join(&page.path);
        if fs::read_to_string(&path).ok().as_deref() != Some(&*page.content) {
            differ.push(page.path.clone());
        }
        known.insert(page.path);
    }
    for directory in ["docs/schedules", "docs/images/schedules"] {
        for entry in fs::read_dir(repository().join(directory)).unwrap() {
            let path = Path::new(directory).join(entry.unwrap().file_name());
            if !known.contains(&path) {
                differ.push(path);
            }
        }
    }
    assert!(
        differ.is_empty(),
        "these are not what the sources say: {differ:?}; `cargo run -p hairpin-host --example schedule_pages` writes them again, \
         and a file that belongs to no kind is to be removed"
    );
}

#[test]
fn the_picture_of_how_cost_grows_is_what_the_record_beside_it_draws() {
    let docs = repository().join("docs");
    let guide = fs::read_to_string(docs.join("performance.md")).unwrap();
    let linked = |part: &str| {
        let mut found = targets(&guide)
            .into_iter()
            .filter(|target| target.contains(part));
        let only = found.next().unwrap_or_else(|| panic!("no link to {part}"));
        assert_eq!(found.next(), None, "a second link to {part}");
        docs.join(only)
    };
    let record = fs::read_to_string(linked("/growth-")).unwrap();
    let drawn = growth::picture(&record).unwrap_or_else(|error| panic!("{error}"));
    let picture = linked("images/growth.svg");
    assert!(
        fs::read_to_string(&picture).unwrap() == drawn,
        "{} is not what its record draws; `cargo run -p hairpin-host --example growth -- --from RECORD --picture {0}` draws it again",
        picture.display()
    );
}

#[test]
fn every_kind_has_a_page_with_all_sections_and_a_place_on_the_sheet() {
    let pages = written();
    let text = |path: String| {
        let page = pages.iter().find(|page| page.path == Path::new(&path));
        &page.unwrap_or_else(|| panic!("{path} is missing")).content
    };
    let sheet = text("docs/schedules/README.md".to_owned());
    for kind in KINDS.iter().filter(|kind| kind.library().is_none()) {
        let page = text(format!("docs/schedules/{}.md", kind.name));
        for heading in [
            "## Formula",
            "## Parameters",
            "## Example",
            "## Pitfalls",
            "## Accuracy",
            "## Size",
        ] {
            assert!(
                page.contains(&format!("\n{heading}\n")),
                "{} has no {heading}",
                kind.name
            );
        }
        for field in &kind.fields {
            let row = format!("\n| `{}` | ", field.name);
            assert!(page.contains(&row), "{}: {}", kind.name, field.name);
        }
        assert!(
            sheet.contains(&format!("/{}.svg\"", kind.name)),
            "{}",
            kind.name
        );
    }
}

#[test]
fn links_lead_somewhere_and_nothing_of_the_rust_documentation_is_left() {
    let pages = written();
    let known: BTreeSet<&Path> = pages.iter().map(|page| page.path.as_path()).collect();
    for page in pages
        .iter()
        .filter(|page| page.path.extension().is_some_and(|e| e == "md"))
    {
        let name = page.path.display();
        for fenced in page.content.split("```").step_by(2) {
            assert!(!fenced.contains("[`") || !fenced.contains("`]:"), "{name}");
            for target in targets(fenced) {
                if target.starts_with("https://") {
                    continue;
                }
                let to = normal(&page.path.parent().unwrap().join(target));
                assert!(
                    known.contains(to.as_path()) || repository().join(&to).exists(),
                    "{name}: {target}"
                );
            }
            for (at, _) in fenced.match_indices("`]") {
                assert!(
                    fenced[at..].starts_with("`]("),
                    "{name}: {}",
                    &fenced[..at + 2]
                );
            }
        }
    }
}

/// What the links and pictures of a text point to.
fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    for (mark, end) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        for (at, _) in text.match_indices(mark) {
            let from = &text[at + mark.len()..];
            targets.push(&from[..from.find(end).unwrap()]);
        }
    }
    targets
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            assert!(normal.pop(), "{}", path.display());
        } else {
            normal.push(part);
        }
    }
    normal
}

#[test]
fn drawings_are_well_formed_and_whole() {
    for page in written()
        .iter()
        .filter(|page| page.path.extension().is_some_and(|e| e == "svg"))
    {
        let name = page.path.display();
        let tree = roxmltree::Document::parse(&page.content)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let view: Vec<f64> = tree
            .root_element()
            .attribute("viewBox")
            .unwrap()
            .split(' ')
            .map(|number| number.parse().unwrap())
            .collect();
        let mut curves = 0;
        for path in tree.descendants().filter(|node| node.has_tag_name("path")) {
            let d = path.attribute("d").unwrap();
            assert!(!d.contains("NaN") && !d.contains("inf"), "{name}: {d}");
            // A curve has a place for every step; ticks and samples of the legend have a few.
            if d.matches('L').count() >= 100 {
                curves += 1;
            }
        }
        assert!(curves > 0, "{name} has no curve");
        for text in tree.descendants().filter(|node| node.has_tag_name("text")) {
            let y: f64 = text.attribute("y").map_or(0.0, |y| y.parse().unwrap());
            assert!(
                y <= view[1] + view[3],
                "{name}: {:?} is below the picture",
                text.text()
            );
        }
    }
}
