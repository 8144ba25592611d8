//! A JSON value that reports its errors as [`Words`]. `serde_json` has one type of error, which is a text.

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::words::Words;

/// A value to read.
pub(super) struct Typed(pub(super) Value);

impl<'de> Deserializer<'de> for Typed {
    type Error = Words;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Words> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Typed));
                let read = visitor.visit_seq(&mut items)?;
                items.end().map(|()| read)
            }
            Value::Object(fields) => {
                let mut fields =
                    MapDeserializer::new(fields.into_iter().map(|(name, value)| (name, Typed(value))));
                let read = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Words> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            value => visitor.visit_some(Typed(value)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Words> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Words> {
        let expected: &str = "string or map";
        let found = match self.0 {
            Value::String(name) => return visitor.visit_enum(name.into_deserializer()),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Typed(value)));
                return visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(fields)));
            }
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(value),
            Value::Number(_) => Unexpected::Unsigned(0),
            Value::Array(_) => Unexpected::Seq,
        };
        Err(Words::invalid_type(found, &expected))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Words> for Typed {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
