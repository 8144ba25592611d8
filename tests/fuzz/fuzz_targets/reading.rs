//! A manifest in any style that YAML has is read as an independent reader reads it, and every image stands where it is said to.
//! The bytes choose content, style and position of each value; `test_support::alike` has what may differ.
#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use review::json_pointer::escaped;
use review::yaml;
use serde_json::Value;
use test_support::alike::{Image, Read, alike};
use test_support::choices::{self, Choices};
use test_support::styled::{self, Styled};

static HOOK: Once = Once::new();

/// As many as a large manifest needs.
const CHOICES: usize = 600;

fuzz_target!(|bytes: &[u8]| {
    // The port of libyaml panics where libyaml has an assertion. That is caught, and must not end the run before it is.
    HOOK.call_once(|| drop(std::panic::take_hook()));
    // The bytes choose first, and what they leave open is chosen by a seed that they begin with.
    let (seed, first) = bytes.split_at(bytes.len().min(2));
    let seed = seed.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    let choices = [first, &choices::bytes(seed, CHOICES)].concat();
    let Styled { text, odd } = styled::manifests(&mut Choices::new(&choices));
    let (mut documents, error) = yaml::documents(&text);
    let warns =
        documents.iter().flat_map(|document| &document.notes).any(|note| note.message.contains("kubectl"));
    documents.retain(|document| !document.value.is_null());
    let mut images = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let mut pointers = Vec::new();
        collect(&document.value, "", &mut pointers);
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

/// The pointers to images.
fn collect(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{i}"), pointers);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let pointer = format!("{pointer}/{}", escaped(name));
                if name == "image" && value.is_string() {
                    pointers.push(pointer);
                } else {
                    collect(value, &pointer, pointers);
                }
            }
        }
        _ => {}
    }
}
