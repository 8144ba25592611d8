//! A manifest in any style that YAML has is read as an independent reader reads it, and every image is at the reported
//! location. The bytes choose content, style and position of each value; `test_support::alike` has what may differ.
#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use review::yaml;
use test_support::alike::{Image, Read, alike, image_pointers};
use test_support::choices::{self, Choices};
use test_support::styled::{self, Styled};

static HOOK: Once = Once::new();

/// As many as a large manifest needs.
const CHOICES: usize = 600;

/// The port of libyaml panics where libyaml has an assertion. That is caught, and libFuzzer's hook would end the run before.
fn ignore_panics_of_libyaml() {
    let end = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|location| location.file().contains("libyaml-safer")) {
            end(panic);
        }
    }));
}

fuzz_target!(|bytes: &[u8]| {
    HOOK.call_once(ignore_panics_of_libyaml);
    // The bytes choose first, and what they leave open is chosen by a seed that they begin with.
    let (seed, first) = bytes.split_at(bytes.len().min(2));
    let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let choices = [first, &choices::bytes(seed, CHOICES)].concat();
    let Styled { text, odd } = styled::manifests(&mut Choices::new(&choices));
    let found = yaml::documents_below(0, &text);
    let warns = found.all_notes().any(|note| note.message.contains("kubectl"));
    let (mut documents, error) = (found.documents, found.error);
    documents.retain(|document| !document.value.is_null());
    let mut images = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let pointers = image_pointers(&document.value);
        let places = document.places(&text, &pointers.iter().map(String::as_str).collect::<Vec<_>>());
        for (place, pointer) in places.into_iter().zip(pointers) {
            let place = place.unwrap_or_else(|| panic!("{pointer} has no place in {text:?}"));
            images.push(Image { document: number, pointer, span: place.span, aliased: place.aliased });
        }
    }
    let documents = documents.into_iter().map(|document| document.value).collect();
    let read = Read { documents, error: error.map(|error| error.to_string()), warns, images };
    if let Err(difference) = alike(&text, &odd, &read) {
        panic!("{odd:?}: {text:?}\n{difference}");
    }
});
