//! The core's parsers accept any text, and what they read has the same meaning when it is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy_core::docker_config::{Form, decode_auth, decode_config};
use policy_core::image::ImageReference;
use policy_core::key_defect::{self, KeyDefect};
use policy_core::login_server;
use policy_core::registry_key::{RegistryKey, Repository};

fuzz_target!(|bytes: &[u8]| {
    for form in [Form::ConfigJson, Form::Cfg] {
        let _ = decode_config(bytes, form);
    }
    policy_core::operations::validate_settings(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = decode_auth(text);
    login_server::classify(text, &["registry.contoso.com".to_owned()]);
    if let Ok(image) = ImageReference::parse(text) {
        let repository = image.repository().into_owned();
        let again = ImageReference::parse(&repository).expect("a repository is an image");
        assert_eq!(again.repository(), repository, "{text:?}");
    }
    let (key, repository) = text.split_once('\n').unwrap_or((text, "contoso.azurecr.io/web"));
    KeyDefect::of(key, &[]);
    key_defect::shown(key);
    if let Some(fixed) = key_defect::fix(key, &[]) {
        assert_eq!(KeyDefect::of(&fixed, &[]), None, "{key:?} is fixed to {fixed:?}");
    }
    if let (Ok(key), Ok(repository)) = (RegistryKey::parse(key), Repository::parse(repository)) {
        let _ = (key.matches(&repository), key.can_match_acr(&[]), key.is_broad(&[]));
    }
});
