//! The rows of an export, to text and back. What was written is read by the same code that reads an ERP's files.

use super::settings::{Place, Plan};
use crate::content;
use crate::decode::TextEncoding;
use crate::format::Layout;
use crate::number::NumberFormat;
use crate::problem::{Fault, Refusal, quoted};
use crate::structure::Shape;
use crate::table::{CellFault, Table};
use crate::verdict::{Faults, keep_promise};
use omnistock_words::{Money, Quantity, Sku};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What the file says of one article.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// One a place of the plan; `None`: no row.
    pub(super) quantities: Vec<Option<Quantity>>,
    pub(super) price: Option<Money>,
}

/// All of the file.
pub(super) type Rows = BTreeMap<Sku, Row>;

/// Whether this text can stand in the file and be read back.
pub(super) fn encodable(plan: &Plan, text: &str) -> bool {
    let bare = match &plan.format.layout {
        Layout::Csv { shape, .. } => shape.quote.is_some() || !text.contains([char::from(shape.delimiter), '\n', '\r']),
        _ => true,
    };
    bare && encoded(plan.format.encoding, text).is_some()
}

fn encoded(encoding: TextEncoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        TextEncoding::Utf8 => Some(text.as_bytes().to_vec()),
        TextEncoding::Latin1 => text
            .chars()
            .map(|sign| u8::try_from(sign).ok().filter(|byte| !(0x80..0xA0).contains(byte)))
            .collect(),
        other => {
            let (bytes, _, unmappable) = other.decoder()?.encode(text);
            (!unmappable).then(|| bytes.into_owned())
        }
    }
}

/// The bytes of the file. `None`: some text can't be written in its encoding.
pub(super) fn written(plan: &Plan, rows: &Rows) -> Option<Vec<u8>> {
    let text = match &plan.format.layout {
        Layout::Csv { shape, trailer } => csv_text(plan, rows, *shape, trailer.as_deref())?,
        _ => lines(plan, rows),
    };
    encoded(plan.format.encoding, &text)
}

/// Each number of the file: article, place, units; and the article's price.
fn numbers<'r>(plan: &'r Plan, rows: &'r Rows) -> impl Iterator<Item = (&'r Sku, &'r str, Quantity, Option<Money>)> {
    rows.iter().flat_map(|(sku, row)| {
        let numbers = row.quantities.iter().zip(&plan.places);
        numbers.filter_map(move |(quantity, place)| {
            let code = place.code.as_ref().map_or("", |code| code.as_str());
            Some((sku, code, (*quantity)?, row.price))
        })
    })
}

fn total(plan: &Plan, rows: &Rows) -> (usize, Decimal) {
    numbers(plan, rows).fold((0, Decimal::ZERO), |(count, sum), (_, _, quantity, _)| {
        (count + 1, sum + quantity.decimal())
    })
}

/// An amount with the digits of its currency, at least.
fn amount(money: Money) -> String {
    let mut amount = money.amount();
    if amount.scale() < money.currency().digits() {
        amount.rescale(money.currency().digits());
    }
    amount.to_string()
}

fn with_sign(number: &str, format: NumberFormat) -> String {
    number.replace('.', &format.decimal.to_string())
}

fn csv_text(plan: &Plan, rows: &Rows, shape: Shape, trailer: Option<&[String]>) -> Option<String> {
    let style = if shape.quote.is_some() {
        csv::QuoteStyle::Necessary
    } else {
        csv::QuoteStyle::Never
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(shape.delimiter)
        .quote(shape.quote.unwrap_or(b'"'))
        .quote_style(style)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    writer.write_record(plan.columns.names()).ok()?;
    let number = plan.format.number;
    for (sku, code, quantity, price) in numbers(plan, rows) {
        let mut cells = vec![sku.as_str().to_owned()];
        if plan.columns.location.is_some() {
            cells.push(code.to_owned());
        }
        cells.push(with_sign(&quantity.to_string(), number));
        if plan.columns.price.is_some() {
            cells.push(price.map(|price| with_sign(&amount(price), number)).unwrap_or_default());
            cells.push(price.map(|price| price.currency().to_string()).unwrap_or_default());
        }
        writer.write_record(&cells).ok()?;
    }
    let mut text = String::from_utf8(writer.into_inner().ok()?).ok()?;
    if let Some(cells) = trailer {
        let (count, sum) = total(plan, rows);
        let filled = cells.iter().map(|cell| match cell.as_str() {
            "{rows}" => count.to_string(),
            "{sum}" => with_sign(&sum.normalize().to_string(), number),
            literal => literal.to_owned(),
        });
        let line: Vec<String> = filled.collect();
        text.push_str(&line.join(&char::from(shape.delimiter).to_string()));
        text.push('\n');
    }
    Some(text)
}

fn lines(plan: &Plan, rows: &Rows) -> String {
    let word = |text: &str| serde_json::Value::from(text).to_string();
    let columns = &plan.columns;
    let mut text = String::new();
    for (sku, code, quantity, price) in numbers(plan, rows) {
        text.extend(["{", &word(&columns.sku), ":", &word(sku.as_str())]);
        if let Some(location) = &columns.location {
            text.extend([",", &word(location), ":", &word(code)]);
        }
        text.extend([",", &word(&columns.quantity), ":", &quantity.to_string()]);
        if let (Some((amounts, currencies)), Some(price)) = (&columns.price, price) {
            text.extend([",", &word(amounts), ":", &amount(price)]);
            text.extend([",", &word(currencies), ":", &word(&price.currency().to_string())]);
        }
        text.push_str("}\n");
    }
    let (count, sum) = total(plan, rows);
    let claims = &plan.format.claims;
    let claim = |path: &Option<crate::format::Path>, value: String| {
        let key = path.as_ref()?.first()?;
        Some(format!("{}:{value}", word(key)))
    };
    let claims = [
        claim(&claims.count, count.to_string()),
        claim(&claims.sum, sum.normalize().to_string()),
    ];
    let claims: Vec<String> = claims.into_iter().flatten().collect();
    if !claims.is_empty() {
        text.extend(["{", &claims.join(","), "}\n"]);
    }
    text
}

/// The rows of a file that was written here. Whatever else it is gets refused: it is not ours to replace.
pub(super) fn read(plan: &Plan, bytes: Vec<u8>) -> Result<Rows, Refusal> {
    let title = &plan.name;
    let text = content::prepared(title, bytes, &plan.format, plan.max_bytes)?;
    let (mut table, promise) = content::opened(title, &text, &plan.format)?;
    let reader = Reader::new(plan, &mut table);
    let mut faults = Faults::default();
    table.header_faults().into_iter().for_each(|fault| faults.file(fault));
    let refuse = |fault: Fault| Refusal::named(title, &text, &[fault], 1);
    let (mut rows, mut sum) = (Rows::new(), Decimal::ZERO);
    while faults.whole == 0 && table.advance().map_err(refuse)? {
        match reader.row(&table, &mut rows) {
            Ok(quantity) => sum += quantity.decimal(),
            Err(fault) => faults.file(table.fault(&fault)),
        }
    }
    if let Some(promise) = promise.filter(|_| faults.whole == 0) {
        keep_promise(&promise, table.rows(), sum, &mut faults);
    }
    if faults.whole > 0 {
        return Err(faults.refusal(title, &text));
    }
    Ok(rows)
}

struct Reader<'p> {
    plan: &'p Plan,
    sku: usize,
    location: Option<usize>,
    quantity: usize,
    price: Option<(usize, usize)>,
}

impl<'p> Reader<'p> {
    fn new(plan: &'p Plan, table: &mut Table<'_>) -> Self {
        let columns = &plan.columns;
        let price = columns.price.as_ref();
        Self {
            plan,
            sku: table.column(&columns.sku),
            location: table.optional(columns.location.as_ref()),
            quantity: table.column(&columns.quantity),
            price: price.map(|(amount, currency)| (table.column(amount), table.column(currency))),
        }
    }

    /// Takes the present row, and says its quantity. A place that is not exported any more has none in the rows.
    fn row(&self, table: &Table<'_>, rows: &mut Rows) -> Result<Quantity, CellFault> {
        table.check_row()?;
        let sku = table.word(self.sku, "sku")?;
        let wrong = |column, what: &str| CellFault::new(column, what.to_owned());
        let sku = Sku::new(sku).map_err(|error| wrong(self.sku, &error.to_string()))?;
        let number = table.number(self.quantity, self.plan.format.number);
        let quantity = number.quantity(table.cell(self.quantity));
        let quantity = quantity.map_err(|what| wrong(self.quantity, &format!("quantity {what}")))?;
        let price = self.price.map_or(Ok(None), |columns| self.money(table, columns))?;
        let place = match self.location {
            None => Some(0),
            Some(column) => {
                let code = table.cell(column);
                let same = |place: &Place| place.code.as_ref().is_some_and(|own| own.as_str() == code);
                self.plan.places.iter().position(same)
            }
        };
        let row = rows.entry(sku).or_default();
        row.quantities.resize(self.plan.places.len(), None);
        row.price = row.price.or(price);
        if let Some(number) = place.and_then(|place| row.quantities.get_mut(place))
            && number.replace(quantity).is_some()
        {
            return Err(wrong(self.sku, "this article stands in the file twice"));
        }
        Ok(quantity)
    }

    fn money(&self, table: &Table<'_>, (column, of): (usize, usize)) -> Result<Option<Money>, CellFault> {
        let (cell, currency) = (table.cell(column), table.cell(of));
        if cell.is_empty() {
            return Ok(None);
        }
        let number = table.number(column, self.plan.format.number);
        let amount = number
            .amount(cell)
            .map_err(|what| CellFault::new(column, format!("price {what}")))?;
        let money = currency.parse().and_then(|currency| Money::new(amount, currency));
        money
            .map(Some)
            .map_err(|error| CellFault::new(of, format!("price {} {} is {error}", quoted(cell), quoted(currency))))
    }
}
