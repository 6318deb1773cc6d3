//! The second channel: a process that is spoken to line by line (`real_medusa_second_shop.rs` is the other end).

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A simulated `WooCommerce` shop.
pub(crate) struct SecondShop {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// `url`, `key`, `secret`, `webhook_secret`.
    access: Value,
}

impl Drop for SecondShop {
    fn drop(&mut self) {
        // The end of its input ends it; what then still runs after the answer to nothing is killed by its own id.
        drop(self.input.take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl SecondShop {
    /// Builds and starts it.
    pub(crate) fn start() -> Result<Self> {
        // With the whole workspace's features, so that what the tests have compiled is not compiled anew.
        crate::run(crate::cargo().args(["build", "--workspace", "--example", "second_shop"]))?;
        let mut command = Command::new(crate::root().join("target/debug/examples/second_shop"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("can't start the second shop")?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("the second shop has no output")?);
        let mut shop = Self {
            child,
            input,
            output,
            access: Value::Null,
        };
        shop.access = shop.heard()?;
        Ok(shop)
    }

    fn heard(&mut self) -> Result<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).context("the second shop ended")
    }

    fn ask(&mut self, question: &Value) -> Result<Value> {
        let input = self.input.as_mut().context("the second shop has ended")?;
        writeln!(input, "{question}")?;
        input.flush()?;
        self.heard()
    }

    /// How one gets in: `url`, `key`, `secret` or `webhook_secret`.
    pub(crate) fn access(&self, name: &str) -> &str {
        self.access.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Lists an article.
    pub(crate) fn add(&mut self, sku: &str, units: u64) -> Result<()> {
        self.ask(&json!(["add", sku, units])).map(drop)
    }

    /// What a buyer sees.
    pub(crate) fn shown(&mut self, sku: &str) -> Result<Option<i64>> {
        Ok(self.ask(&json!(["shown", sku]))?.as_i64())
    }

    /// A buyer checks out; the order's id.
    pub(crate) fn buy(&mut self, sku: &str, units: u64) -> Result<u64> {
        let answer = self.ask(&json!(["buy", sku, units]))?;
        answer
            .as_u64()
            .with_context(|| format!("the second shop sold nothing: {answer}"))
    }

    /// The buyer changes his mind.
    pub(crate) fn cancel(&mut self, order: u64) -> Result<()> {
        self.ask(&json!(["cancel", order])).map(drop)
    }
}
