//! Writes the pages about the schedules, and their drawings, into `docs/`: `cargo run -p hairpin-host --example schedule_pages`.

use std::error::Error;
use std::path::Path;

use hairpin_host::{files, pages};

fn main() -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = pages::pages(&repository)?;
    for page in &pages {
        let path = repository.join(&page.path);
        if let Some(directory) = path.parent() {
            files::create_dir(directory)?;
        }
        files::write(&path, &page.content)?;
    }
    println!("{} files written", pages.len());
    Ok(())
}
