//! The digits as bytes that a chip keeps in flash: 64 pixels and a label each, from the copy that `hairpin` ships.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::read::GzDecoder;

fn main() {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let source = Path::new(&manifest).join("../../../host/data/digits.csv.gz");
    let packed =
        fs::File::open(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let mut text = String::new();
    GzDecoder::new(packed)
        .read_to_string(&mut text)
        .expect("the digits unpack");
    let bytes: Vec<u8> = text
        .lines()
        .flat_map(|line| line.split(','))
        .map(|number| number.parse().expect("a number below 256"))
        .collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("digits"), bytes).expect("the build directory can be written");
    println!("cargo:rerun-if-changed={}", source.display());
}
