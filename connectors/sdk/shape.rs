//! What a connector's table may hold, learned from the very type that reads it.
//!
//! A type that derives `Deserialize` tells what it expects by what it asks a deserializer for. Here it asks one that
//! has no values: it notes the question and stops. One question is followed at a time, so that no value ever has to
//! be right.

use crate::{ConnectorContext, ConnectorSpec, LocationCodes, SecretReference, SecretResolver};
use omnistock_words::{Basis, ConnectorName};
use secrecy::SecretString;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// The type doesn't say: anything.
    Any,
    /// Text in quotes.
    Text,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Where a secret is.
    Secret,
    /// One of these words, or a table of one of these keys.
    Choice(Vec<(&'static str, Option<Shape>)>),
    /// A list.
    List(Box<Shape>),
    /// A table with keys of the operator's own.
    Map(Box<Shape>),
    /// A table of these keys.
    Table(Vec<(&'static str, Shape)>),
}

/// Tables inside each other are not followed any deeper.
const DEEPEST: usize = 8;

/// What a type reads.
pub fn shape_of<T: DeserializeOwned>() -> Shape {
    follow::<T>(&mut Vec::new())
}

/// A question, and how to get to the one behind it.
#[derive(Debug, Clone)]
enum Asked {
    Leaf(Shape),
    Fields(&'static [&'static str]),
    Words(&'static [&'static str]),
    Members,
    Entries,
    Nothing,
}

/// One step from a question to one behind it.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Of a table, or of a choice.
    Key(&'static str),
    /// The first member of a list, or the value of a free key.
    Inside,
}

fn follow<T: DeserializeOwned>(path: &mut Vec<Step>) -> Shape {
    if path.len() > DEEPEST {
        return Shape::Any;
    }
    let asked = Cell::new(None);
    // It always ends with an error: there are no values.
    drop(T::deserialize(Tracer { path, asked: &asked }));
    let mut behind = |step: Step| {
        path.push(step);
        let shape = follow::<T>(path);
        path.pop();
        shape
    };
    match asked.into_inner() {
        Some(Asked::Leaf(shape)) => shape,
        Some(Asked::Fields(names)) => Shape::Table(names.iter().map(|name| (*name, behind(Step::Key(name)))).collect()),
        Some(Asked::Words(names)) => {
            let inside = |name: &&'static str| match behind(Step::Key(name)) {
                Shape::Table(keys) if keys.is_empty() => (*name, None),
                other => (*name, Some(other)),
            };
            Shape::Choice(names.iter().map(inside).collect())
        }
        Some(Asked::Members) => Shape::List(Box::new(behind(Step::Inside))),
        Some(Asked::Entries) => Shape::Map(Box::new(behind(Step::Inside))),
        Some(Asked::Nothing) => Shape::Table(Vec::new()),
        None => Shape::Any,
    }
}

thread_local! {
    /// Set while [`own_settings`] asks: what `read_settings` was asked to read.
    static TOLD: RefCell<Option<Vec<Shape>>> = const { RefCell::new(None) };
}

/// Tells the shape of a type, where somebody asked.
pub(crate) fn tell<T: DeserializeOwned>() {
    TOLD.with_borrow_mut(|told| {
        if let Some(told) = told {
            told.push(shape_of::<T>());
        }
    });
}

struct NoSecrets;

impl SecretResolver for NoSecrets {
    fn resolve(&self, _: &SecretReference) -> Result<SecretString, String> {
        Err("nothing is resolved to look at settings".to_owned())
    }
}

/// The keys of a kind of connector, as it reads them: it is built from an empty table, with what it hands to
/// [`crate::read_settings`] noted. First without a `basis`, then as a source, where that makes another table of it.
/// None for one that reads its table otherwise.
pub fn own_settings(spec: &ConnectorSpec) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = [None, Some(Basis::Physical)]
        .into_iter()
        .filter_map(|basis| asked_with(spec, basis))
        .collect();
    shapes.dedup();
    shapes
}

fn asked_with(spec: &ConnectorSpec, basis: Option<Basis>) -> Option<Shape> {
    let context = ConnectorContext {
        name: ConnectorName::new("x").ok()?,
        locations: LocationCodes::default(),
        secrets: Arc::new(NoSecrets),
        basis,
        folder: PathBuf::new(),
    };
    TOLD.set(Some(Vec::new()));
    // What it finds missing is no matter here.
    drop((spec.build)(context, serde_json::Value::Object(serde_json::Map::new())));
    TOLD.take()?.into_iter().next()
}

/// Nothing more is asked.
#[derive(Debug)]
struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("there are no values")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Notes the question at the end of the path.
#[derive(Clone, Copy)]
struct Tracer<'a> {
    path: &'a [Step],
    asked: &'a Cell<Option<Asked>>,
}

impl<'a> Tracer<'a> {
    fn note<T>(self, asked: Asked) -> Result<T, Stop> {
        if self.path.is_empty() {
            self.asked.set(Some(asked));
        }
        Err(Stop)
    }

    /// The step to go on with, and who notes what is asked behind it; at the end the question itself is noted.
    fn step(self, asked: Asked) -> Result<(Step, Tracer<'a>), Stop> {
        match self.path.split_first() {
            Some((step, path)) => Ok((*step, Tracer { path, ..self })),
            None => self.note(asked),
        }
    }
}

macro_rules! leaves {
    ($($shape:ident: $($method:ident)*;)*) => {
        $($(fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stop> {
            self.note(Asked::Leaf(Shape::$shape))
        })*)*
    };
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Stop;

    leaves! {
        Boolean: deserialize_bool;
        Integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
            deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        Number: deserialize_f32 deserialize_f64;
        Text: deserialize_char deserialize_str deserialize_string deserialize_identifier;
        Any: deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_ignored_any;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let expected = (&visitor as &dyn Expected).to_string();
        let secret = expected == crate::settings::REFERENCE;
        self.note(Asked::Leaf(if secret { Shape::Secret } else { Shape::Any }))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, _: V) -> Result<V::Value, Stop> {
        self.note(Asked::Leaf(Shape::Any))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let (_, behind) = self.step(Asked::Members)?;
        visitor.visit_seq(behind)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let (_, behind) = self.step(Asked::Entries)?;
        visitor.visit_map(Entry { key: "x", behind })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.step(Asked::Fields(fields))? {
            (Step::Key(key), behind) => visitor.visit_map(Entry { key, behind }),
            (Step::Inside, _) => Err(Stop),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.step(Asked::Words(variants))? {
            (Step::Key(key), behind) => visitor.visit_enum(Entry { key, behind }),
            (Step::Inside, _) => Err(Stop),
        }
    }
}

/// A table with one key; or a choice that was made.
struct Entry<'a> {
    key: &'static str,
    behind: Tracer<'a>,
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        let key: StrDeserializer<'_, Stop> = self.key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(self.behind)
    }
}

impl<'de> SeqAccess<'de> for Tracer<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        seed.deserialize(*self).map(Some)
    }
}

impl<'de, 'a> EnumAccess<'de> for Entry<'a> {
    type Error = Stop;
    type Variant = Tracer<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Tracer<'a>), Stop> {
        let key: StrDeserializer<'_, Stop> = self.key.into_deserializer();
        Ok((seed.deserialize(key)?, self.behind))
    }
}

impl<'de> VariantAccess<'de> for Tracer<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.note(Asked::Nothing)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
