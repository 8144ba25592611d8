//! Our reader and an independent one read the same, and every image's place is where it is written.
//!
//! What may differ is in `test_support::alike`, with the reasons.

use std::collections::BTreeSet;
use std::path::PathBuf;

use review::yaml::{self, Document};
use test_support::alike::{Image, Read, alike, image_pointers};
use test_support::choices::{Choices, bytes};
use test_support::styled::{self, Styled};

use crate::project;

/// How many are generated.
const MANIFESTS: u64 = 4_000;

/// Our reader's result for a text.
pub(crate) fn read(text: &str) -> Read {
    let found = yaml::documents_below(0, text);
    let warns = found.all_notes().any(|note| note.message.contains("kubectl"));
    let (mut documents, error) = (found.documents, found.error);
    documents.retain(|document| !document.value.is_null());
    let images = documents.iter().enumerate().flat_map(|(number, document)| images(text, number, document));
    Read {
        images: images.collect(),
        error: error.map(|error| error.to_string()),
        warns,
        documents: documents.into_iter().map(|document| document.value).collect(),
    }
}

fn images(text: &str, number: usize, document: &Document) -> Vec<Image> {
    let pointers = image_pointers(&document.value);
    let places = document.places(text, &pointers.iter().map(String::as_str).collect::<Vec<_>>());
    let image = |(place, pointer): (Option<yaml::Place>, String)| {
        let place = place.unwrap_or_else(|| panic!("{pointer} has no place in {text:?}"));
        Image { document: number, pointer, span: place.span, aliased: place.aliased }
    };
    places.into_iter().zip(pointers).map(image).collect()
}

fn files(folder: &str) -> Vec<PathBuf> {
    let patterns = ["yaml", "yml", "json"].map(|extension| format!("{}/**/*.{extension}", project(folder)));
    patterns.iter().flat_map(|pattern| glob::glob(pattern).expect("a pattern")).map(Result::unwrap).collect()
}

fn assert_alike(folders: &[&str], at_least: usize) {
    let (mut wrong, mut images) = (Vec::new(), 0);
    for file in folders.iter().flat_map(|folder| files(folder)) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let read = read(&text);
        images += read.images.len();
        if let Err(difference) = alike(&text, &BTreeSet::new(), &read) {
            wrong.push(format!("{}: {difference}", file.display()));
        }
    }
    assert!(images >= at_least, "only {images} images");
    assert!(wrong.is_empty(), "{} files:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_projects_files_are_read_as_an_independent_reader_reads_them() {
    assert_alike(&["tests/manifests", "tests/workloads", "tests/fix", "tests/cases", "policy"], 1000);
}

#[test]
#[ignore = "needs published manifests next to the checkout"]
fn published_manifests_are_read_as_an_independent_reader_reads_them() {
    assert_alike(&["../shared/manifests"], 150);
}

/// A sample of what the fuzz target `reading` tests further.
#[test]
fn generated_manifests_are_read_as_an_independent_reader_reads_them() {
    let (mut wrong, mut images) = (Vec::new(), 0);
    for seed in 0..MANIFESTS {
        let bytes = bytes(seed, 600);
        let Styled { text, odd } = styled::manifests(&mut Choices::new(&bytes));
        let read = read(&text);
        images += read.images.len();
        if let Err(difference) = alike(&text, &odd, &read) {
            wrong.push(format!("{seed}, {odd:?}: {text:?}\n    {difference}"));
        }
    }
    assert!(images >= 6_000, "only {images} images");
    wrong.sort_by_key(String::len);
    assert!(
        wrong.is_empty(),
        "{} of {MANIFESTS}, the shortest first:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}
