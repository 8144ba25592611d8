//! Writes JSON texts.

/// A JSON text that is being built. Types that serialise themselves would make the module some kilobytes larger.
#[derive(Default)]
pub(crate) struct Json(String);

impl Json {
    /// Begins an object or a list, which has a name if it is in an object.
    pub(crate) fn open(&mut self, name: &str, bracket: &str) {
        self.literal(name, bracket);
    }

    pub(crate) fn close(&mut self, bracket: &str) {
        self.0 += bracket;
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.literal(name, &serde_json::to_string(text).unwrap_or_default());
    }

    pub(crate) fn texts<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a str>) {
        self.open(name, "[");
        for text in texts {
            self.text("", text);
        }
        self.close("]");
    }

    /// A field or an item that is already JSON.
    pub(crate) fn literal(&mut self, name: &str, value: &str) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'{' | b'[')) {
            self.0 += ",";
        }
        if !name.is_empty() {
            self.0 += "\"";
            self.0 += name;
            self.0 += "\":";
        }
        self.0 += value;
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}
