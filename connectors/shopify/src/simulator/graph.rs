//! A small GraphQL engine: reads a document, and answers what it selects from trees of fields. What is not there is an error.

use super::bucket::root;
use apollo_compiler::ast::Value as Literal;
use apollo_compiler::ast::{self, Definition, Document, OperationType, Selection};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// An object of the shop with its fields.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its type.
    pub(super) kind: &'static str,
    /// Where it stands in a list: cursors are made of it.
    pub(super) key: (i64, u64),
    pub(super) fields: Vec<(&'static str, Field)>,
}

/// What a field holds.
#[derive(Debug, Clone)]
pub(super) enum Field {
    Leaf(Value),
    One(Option<Box<Node>>),
    /// A plain list; `first` cuts it where given.
    Many(Vec<Node>),
    /// A list in pages.
    Pages(Vec<Node>),
    /// Amounts by name.
    Amounts(Vec<(&'static str, i64)>),
    /// Levels by location.
    Levels(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn new(kind: &'static str, key: (i64, u64), fields: Vec<(&'static str, Field)>) -> Self {
        Self { kind, key, fields }
    }

    pub(super) fn leaf(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, Field::Leaf(value.into())));
        self
    }

    pub(super) fn one(mut self, name: &'static str, node: Option<Node>) -> Self {
        self.fields.push((name, Field::One(node.map(Box::new))));
        self
    }
}

impl Node {
    /// Of a rendered object: its members are the fields.
    pub(super) fn of(kind: &'static str, members: &[(&'static str, Value)]) -> Self {
        let fields = members.iter().map(|(name, value)| (*name, Field::of(value)));
        Self::new(kind, (0, 0), fields.collect())
    }
}

impl Field {
    /// Objects below a rendered one have the members that a change's answer can have.
    fn of(value: &Value) -> Self {
        #[rustfmt::skip]
        const MEMBERS: [&str; 9] = ["id", "field", "message", "code", "status", "errorCode", "url", "price", "compareAtPrice"];
        let node = |value: &Value| {
            let held = MEMBERS
                .iter()
                .filter_map(|name| Some((*name, Self::Leaf(value.get(name)?.clone()))));
            Node::new("Payload", (0, 0), held.collect())
        };
        match value {
            Value::Object(_) => Self::One(Some(Box::new(node(value)))),
            Value::Array(values) => Self::Many(values.iter().map(node).collect()),
            leaf => Self::Leaf(leaf.clone()),
        }
    }
}

/// An error of a whole call.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(super) fn render(&self) -> Value {
        json!({"message": self.message, "extensions": {"code": self.code}})
    }
}

/// A request that was read.
pub(super) struct Request {
    /// The operation's name.
    pub(super) name: String,
    pub(super) mutation: bool,
    pub(super) variables: Value,
    /// The fields at the top.
    pub(super) roots: Vec<ast::Field>,
    fragments: HashMap<String, Vec<Selection>>,
    /// Without pages: everything, as bulk operations read.
    pub(super) whole: bool,
}

impl Request {
    pub(super) fn read(text: &str, variables: Value, whole: bool) -> Result<Self, Failure> {
        let syntax = |what: String| Failure::new("GRAPHQL_PARSE_FAILED", what);
        let document = Document::parse(text, "query.graphql").map_err(|error| syntax(error.errors.to_string()))?;
        let mut fragments = HashMap::new();
        let mut operation = None;
        for definition in &document.definitions {
            match definition {
                Definition::OperationDefinition(one) => operation = Some(one.clone()),
                Definition::FragmentDefinition(one) => {
                    fragments.insert(one.name.to_string(), one.selection_set.clone());
                }
                _ => return Err(syntax("only operations and fragments are executable".to_owned())),
            }
        }
        let operation = operation.ok_or_else(|| syntax("there is no operation".to_owned()))?;
        for variable in &operation.variables {
            let given = variables
                .get(variable.name.as_str())
                .is_some_and(|value| !value.is_null());
            if variable.ty.is_non_null() && variable.default_value.is_none() && !given {
                return Err(Failure::new(
                    "INVALID_VARIABLE",
                    format!(
                        "Variable ${} of type {} was provided invalid value",
                        variable.name, variable.ty
                    ),
                ));
            }
        }
        let roots = operation
            .selection_set
            .iter()
            .filter_map(|selection| selection.as_field().map(|field| (**field).clone()));
        Ok(Self {
            name: operation.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            mutation: operation.operation_type == OperationType::Mutation,
            variables,
            roots: roots.collect(),
            fragments,
            whole,
        })
    }

    /// An argument's value; null where it is missing.
    pub(super) fn argument(&self, field: &ast::Field, name: &str) -> Value {
        let found = field.arguments.iter().find(|argument| argument.name == name);
        found.map_or(Value::Null, |argument| self.value(&argument.value))
    }

    fn value(&self, literal: &Literal) -> Value {
        match literal {
            Literal::Null => Value::Null,
            Literal::Enum(name) => Value::from(name.as_str()),
            Literal::Variable(name) => self.variables.get(name.as_str()).cloned().unwrap_or_default(),
            Literal::String(text) => Value::from(text.as_str()),
            Literal::Int(number) => number.as_str().parse::<i64>().map_or(Value::Null, Value::from),
            Literal::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
            Literal::Boolean(yes) => Value::from(*yes),
            Literal::List(values) => values.iter().map(|value| self.value(value)).collect(),
            Literal::Object(members) => members
                .iter()
                .map(|(name, value)| (name.to_string(), self.value(value)))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// What `selections` want of an object.
    pub(super) fn project(&self, node: &Node, selections: &[Selection]) -> Result<Value, Failure> {
        let mut answer = Map::new();
        self.project_into(node, selections, &mut answer)?;
        Ok(Value::Object(answer))
    }

    fn project_into(
        &self,
        node: &Node,
        selections: &[Selection],
        answer: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let value = self.field(node, field)?;
                    answer.insert(field.response_name().to_string(), value);
                }
                Selection::InlineFragment(fragment) => {
                    if fragment.type_condition.as_ref().is_none_or(|kind| kind == node.kind) {
                        self.project_into(node, &fragment.selection_set, answer)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let missing = || {
                        Failure::new(
                            "undefinedFragment",
                            format!("Fragment {} was used, but not defined", spread.fragment_name),
                        )
                    };
                    let selections = self.fragments.get(spread.fragment_name.as_str()).ok_or_else(missing)?;
                    self.project_into(node, selections, answer)?;
                }
            }
        }
        Ok(())
    }

    fn field(&self, node: &Node, field: &ast::Field) -> Result<Value, Failure> {
        if field.name == "__typename" {
            return Ok(Value::from(node.kind));
        }
        let found = node.fields.iter().find(|(name, _)| field.name == *name);
        let Some((_, held)) = found else {
            return Err(Failure::new(
                "undefinedField",
                format!("Field '{}' doesn't exist on type '{}'", field.name, node.kind),
            ));
        };
        let selections = &field.selection_set;
        if matches!(held, Field::Leaf(_)) != selections.is_empty() {
            return Err(Failure::new(
                "selectionMismatch",
                format!("Field '{}' of '{}' is selected in the wrong way", field.name, node.kind),
            ));
        }
        match held {
            Field::Leaf(value) => Ok(value.clone()),
            Field::One(None) => Ok(Value::Null),
            Field::One(Some(node)) => self.project(node, selections),
            Field::Many(nodes) => {
                let first = self
                    .argument(field, "first")
                    .as_u64()
                    .and_then(|first| usize::try_from(first).ok());
                nodes
                    .iter()
                    .take(first.unwrap_or(usize::MAX))
                    .map(|node| self.project(node, selections))
                    .collect()
            }
            Field::Pages(nodes) => self.page(nodes, field),
            Field::Amounts(amounts) => {
                let names = self.argument(field, "names");
                let named = amounts.iter().filter(|(name, _)| {
                    names
                        .as_array()
                        .is_some_and(|names| names.iter().any(|other| other == name))
                });
                named
                    .map(|(name, quantity)| {
                        let node = Node::new("InventoryQuantity", (0, 0), Vec::new())
                            .leaf("name", *name)
                            .leaf("quantity", *quantity);
                        self.project(&node, selections)
                    })
                    .collect()
            }
            Field::Levels(levels) => {
                let location = self.argument(field, "locationId");
                let level = levels.iter().find(|(other, _)| location == other.as_str());
                level.map_or(Ok(Value::Null), |(_, level)| self.project(level, selections))
            }
        }
    }

    fn page(&self, nodes: &[Node], field: &ast::Field) -> Result<Value, Failure> {
        let first = self
            .argument(field, "first")
            .as_u64()
            .and_then(|first| usize::try_from(first).ok());
        let first = match first {
            _ if self.whole => usize::MAX,
            None => return Err(Failure::new("BAD_REQUEST", "you must provide one of first or last")),
            Some(first) if first > 250 => return Err(Failure::new("BAD_REQUEST", "first cannot exceed 250")),
            Some(first) => first,
        };
        let after = self.argument(field, "after");
        let behind = match after.as_str() {
            None => None,
            Some(text) => Some(
                read_cursor(text)
                    .ok_or_else(|| Failure::new("BAD_REQUEST", format!("`{text}` is not a valid cursor")))?,
            ),
        };
        let reverse = self.argument(field, "reverse") == true;
        let mut sorted: Vec<&Node> = nodes.iter().collect();
        sorted.sort_by_key(|node| node.key);
        if reverse {
            sorted.reverse();
        }
        let rest: Vec<&Node> = sorted
            .into_iter()
            .filter(|node| behind.is_none_or(|behind| if reverse { node.key < behind } else { node.key > behind }))
            .collect();
        let shown = rest.get(..first.min(rest.len())).unwrap_or_default();
        self.connection(shown, rest.len() > shown.len(), &field.selection_set)
    }

    fn connection(&self, shown: &[&Node], more: bool, selections: &[Selection]) -> Result<Value, Failure> {
        let mut answer = Map::new();
        for field in selections.iter().filter_map(Selection::as_field) {
            let selections = &field.selection_set;
            let value = match field.name.as_str() {
                "nodes" => shown
                    .iter()
                    .map(|node| self.project(node, selections))
                    .collect::<Result<Value, _>>()?,
                "edges" => shown
                    .iter()
                    .map(|node| {
                        let cursor = cursor(node.key);
                        let edge = Node::new("Edge", node.key, Vec::new())
                            .leaf("cursor", cursor)
                            .one("node", Some((*node).clone()));
                        self.project(&edge, selections)
                    })
                    .collect::<Result<Value, _>>()?,
                "pageInfo" => {
                    let end = shown.last().map(|node| cursor(node.key));
                    let start = shown.first().map(|node| cursor(node.key));
                    let info = Node::new("PageInfo", (0, 0), Vec::new())
                        .leaf("hasNextPage", more)
                        .leaf("endCursor", end)
                        .leaf("startCursor", start);
                    self.project(&info, selections)?
                }
                other => {
                    return Err(Failure::new(
                        "undefinedField",
                        format!("Field '{other}' doesn't exist on a connection"),
                    ));
                }
            };
            answer.insert(field.response_name().to_string(), value);
        }
        Ok(Value::Object(answer))
    }

    /// What the request may cost, points.
    pub(super) fn cost(&self) -> i64 {
        self.roots
            .iter()
            .map(|root| self.cost_of(root) + if self.mutation { 9 } else { 0 })
            .sum::<i64>()
            .max(1)
    }

    fn cost_of(&self, field: &ast::Field) -> i64 {
        if field.selection_set.is_empty() {
            return 0;
        }
        let inner = self.cost_within(&field.selection_set);
        if let Some(first) = self.argument(field, "first").as_i64() {
            return 2 + root(first) * inner.max(1);
        }
        match self.argument(field, "ids").as_array() {
            Some(ids) => i64::try_from(ids.len()).unwrap_or(i64::MAX).saturating_mul(1 + inner),
            None if ["nodes", "edges", "node"].contains(&field.name.as_str()) => 1 + inner,
            None if field.name == "pageInfo" => 0,
            None => 1 + inner,
        }
    }

    fn cost_within(&self, selections: &[Selection]) -> i64 {
        let cost = |selection: &Selection| match selection {
            Selection::Field(field) => self.cost_of(field),
            Selection::InlineFragment(fragment) => self.cost_within(&fragment.selection_set),
            Selection::FragmentSpread(spread) => self
                .fragments
                .get(spread.fragment_name.as_str())
                .map_or(0, |inner| self.cost_within(inner)),
        };
        selections.iter().map(cost).sum()
    }
}

/// Opaque to all but us.
fn cursor(key: (i64, u64)) -> String {
    format!("c{:x}z{:x}", key.0, key.1)
}

fn read_cursor(text: &str) -> Option<(i64, u64)> {
    let (first, second) = text.strip_prefix('c')?.split_once('z')?;
    Some((
        i64::from_str_radix(first, 16).ok()?,
        u64::from_str_radix(second, 16).ok()?,
    ))
}
