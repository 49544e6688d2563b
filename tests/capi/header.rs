//! `hairpin.h` against the crate that it is made from, and against the kinds of the core.

use std::path::{Path, PathBuf};

/// Where the crate is.
pub(crate) fn crate_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/capi")
}

/// The header as the crate's sources make it, in the order in which a reader wants them.
fn generated() -> String {
    let config = cbindgen::Config::from_file(crate_dir().join("cbindgen.toml")).unwrap();
    let sources = [
        "status",
        "objects",
        "words",
        "kinds",
        "compositions",
        "schedule",
        "sgd",
        "position",
    ];
    let builder = sources.iter().fold(
        cbindgen::Builder::new().with_config(config),
        |builder, name| builder.with_src(crate_dir().join("src").join(name).with_extension("rs")),
    );
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

#[test]
fn the_committed_header_is_the_one_that_the_crate_makes() {
    let path = crate_dir().join("include/hairpin.h");
    let made = generated();
    if std::env::var_os("HAIRPIN_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/hairpin.h is not what core/capi/src makes: HAIRPIN_BLESS=1 cargo test -p hairpin-tests --test capi"
    );
}
