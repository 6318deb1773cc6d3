//! What becomes of a listing that shows 0: it stays only where the account has out-of-stock control. Elsewhere its page ends
//! and its history is lost. The zero is sent all the same: to go on selling what is not there would be worse. A person is
//! told beforehand.

use crate::client::{Client, SELL_ACCOUNT};
use crate::wire;
use omnistock_sdk::ConnectorError;

/// What a person has to know, and to do.
pub(crate) const OFF: &str = "the account has no `out-of-stock control`: a listing that sells out would end. Switch it on in Seller Hub, \
                              under Account settings > Site preferences > Multi-quantity listings";

/// Whether the account has it; an error where eBay doesn't say.
pub(crate) async fn controlled(client: &Client) -> Result<bool, ConnectorError> {
    let path = format!("{SELL_ACCOUNT}/program/get_opted_in_programs");
    let programs: wire::Programs = client.get(&path, &[]).await?;
    Ok(programs
        .all
        .iter()
        .any(|program| program.kind == "OUT_OF_STOCK_CONTROL"))
}

/// Says so in the log where it is off.
pub(crate) async fn tell(client: &Client) {
    match controlled(client).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("{OFF}"),
        Err(error) => tracing::info!(%error, "eBay does not say whether the account has out-of-stock control"),
    }
}
