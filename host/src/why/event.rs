//! Events of a pod, as the kubelet and the scheduler write them.

use serde_json::Value;

use super::kubelet::names;
use crate::pull_secret::time::Time;

/// The begin of the message of an event that counts for several alike. client-go: `events_cache.go`
const COMBINED: &str = "(combined from similar events): ";

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its reason: `Failed`
    pub reason: String,
    /// Its message
    pub message: String,
    /// How many times it occurred
    pub count: usize,
    /// When it occurred last, in RFC 3339; none where it does not say
    pub last: Option<String>,
}

impl Event {
    /// The events of a list, oldest first.
    pub fn all(objects: &[Value]) -> Vec<Self> {
        let mut events: Vec<Self> = objects.iter().map(Self::of).collect();
        events.sort_by_key(Self::time);
        events
    }

    /// core/v1 `Event`: a series counts in `series`, other events in `count`.
    fn of(object: &Value) -> Self {
        let word = |path: &str| {
            let word = object.pointer(path).and_then(Value::as_str);
            word.filter(|word| !word.is_empty()).map(str::to_owned)
        };
        let number = |path: &str| usize::try_from(object.pointer(path)?.as_u64()?).ok();
        let times =
            ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        Self {
            reason: word("/reason").unwrap_or_default(),
            message: word("/message").map_or_else(String::new, |message| {
                message.strip_prefix(COMBINED).unwrap_or(&message).to_owned()
            }),
            count: number("/series/count").or_else(|| number("/count")).unwrap_or(1).max(1),
            last: times.into_iter().find_map(word),
        }
    }

    /// When it occurred last, in whole seconds; none where it does not say, or not in RFC 3339.
    pub fn time(&self) -> Option<Time> {
        Time::parse(self.last.as_deref()?)
    }

    /// Whether it says why a pull of this image failed. kubelet: `images/image_manager.go`
    pub fn is_failed_pull_of(&self, image: &str) -> bool {
        self.reason == "Failed" && self.message.starts_with("Failed to pull image") && self.names(image)
    }

    /// Whether it says that a pull of this image began.
    pub fn is_start_of(&self, image: &str) -> bool {
        self.reason == "Pulling" && self.names(image)
    }

    /// Whether it says that this image was pulled, or was there.
    pub fn is_about_pull_of(&self, image: &str) -> bool {
        self.reason == "Pulled" && self.names(image)
    }

    /// Whether the image was on the node. Since 1.35 the message goes on after these words.
    pub fn is_already_present(&self) -> bool {
        self.message.contains("already present on machine")
    }

    /// Whether it is about the pull of this image, in any of these ways, or says that the kubelet waits for its next attempt.
    pub fn is_about_image(&self, image: &str) -> bool {
        let waits = self.reason == "BackOff" && self.message.starts_with("Back-off pulling image");
        self.is_failed_pull_of(image) || self.is_about_pull_of(image) || (waits && self.names(image))
    }

    /// Whether it says that the kubelet could not retrieve pull secrets. kubelet: `getPullSecretsForPod`
    pub fn is_about_retrieval(&self) -> bool {
        self.reason == "FailedToRetrieveImagePullSecret"
    }

    /// Whether it says so of this secret: `Unable to retrieve some image pull secrets (a, b); …`
    pub fn is_failed_retrieval_of(&self, secret: &str) -> bool {
        let names = self.message.split_once('(').and_then(|(_, names)| names.split_once(')'));
        self.is_about_retrieval() && names.is_some_and(|(names, _)| names.split(", ").any(|it| it == secret))
    }

    fn names(&self, image: &str) -> bool {
        names(&self.message, image)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Event;

    #[test]
    fn events_are_in_the_order_of_time_and_count_their_series() {
        let events = Event::all(&[
            json!({"reason": "BackOff", "message": "b", "count": 7, "lastTimestamp": "2026-07-31T03:05:00Z"}),
            json!({"reason": "FailedScheduling", "eventTime": "2026-07-31T03:01:00.123456Z", "lastTimestamp": null,
                   "series": {"count": 3, "lastObservedTime": "2026-07-31T03:04:59.900000Z"}}),
            json!({"reason": "Odd"}),
            json!({"reason": "Pulling", "lastTimestamp": "2026-07-31T04:59:00+02:00"}),
        ]);
        let shown: Vec<_> = events.iter().map(|event| (event.reason.as_str(), event.count)).collect();
        assert_eq!(shown, [("Odd", 1), ("Pulling", 1), ("FailedScheduling", 3), ("BackOff", 7)]);
    }

    #[test]
    fn an_event_that_counts_for_several_has_the_message_of_each() {
        for (reason, message) in [
            ("Failed", "Failed to pull image \"a.azurecr.io/web:v1\": dial tcp 10.0.0.4:443: i/o timeout"),
            ("BackOff", "Back-off pulling image \"a.azurecr.io/web:v1\""),
        ] {
            let of = |message: String| Event::all(&[json!({"reason": reason, "message": message})]).remove(0);
            let combined = of(format!("(combined from similar events): {message}"));
            assert_eq!(combined, of(message.to_owned()));
            assert!(combined.is_about_image("a.azurecr.io/web:v1"));
        }
    }

    #[test]
    fn an_event_is_about_the_image_that_it_quotes() {
        let event = |reason: &str, message: &str| Event {
            reason: reason.to_owned(),
            message: message.to_owned(),
            count: 1,
            last: None,
        };
        let failed = event("Failed", "Failed to pull image \"a.azurecr.io/web:v1\": rpc error");
        assert!(failed.is_failed_pull_of("a.azurecr.io/web:v1"));
        assert!(
            !failed.is_failed_pull_of("a.azurecr.io/web") && !failed.is_about_pull_of("a.azurecr.io/web:v1")
        );
        assert!(!event("Failed", "Error: ImagePullBackOff").is_failed_pull_of(""));
        let end = "attempting to pull the image may not succeed.";
        let unable = format!("Unable to retrieve some image pull secrets (acr-secret, other); {end}");
        for (reason, secret, is_named) in [
            ("FailedToRetrieveImagePullSecret", "acr-secret", true),
            ("FailedToRetrieveImagePullSecret", "other", true),
            ("FailedToRetrieveImagePullSecret", "acr", false),
            ("Failed", "other", false),
        ] {
            assert_eq!(event(reason, &unable).is_failed_retrieval_of(secret), is_named, "{reason} {secret}");
        }
        for (message, is_present) in [
            ("Container image \"web\" already present on machine", true),
            ("Container image \"web\" already present on machine and can be accessed by the pod", true),
            ("Successfully pulled image \"web\" in 1.2s", false),
        ] {
            let pulled = event("Pulled", message);
            assert!(pulled.is_about_pull_of("web"));
            assert_eq!(pulled.is_already_present(), is_present, "{message}");
        }
    }
}
