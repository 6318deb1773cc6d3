//! How long a connector is waited for. One that never answers would keep its poller for good, and nobody would be told:
//! an error is told, and tried again.

use omnistock_sdk::ConnectorError;
use std::time::Duration;
use tokio::time::timeout;

/// For a page of orders, or one of them: also where the account's limit has it wait.
pub(super) const PAGE: Duration = Duration::from_mins(15);
/// For a report, which a source may have to put together from many pages.
pub(super) const REPORT: Duration = Duration::from_hours(1);
/// For a word to the vendor: a report is put away, a subscription is looked at.
pub(super) const WORD: Duration = Duration::from_mins(5);

/// The call's answer, or that `who` gave none in time.
pub(super) async fn within<T>(
    who: &str,
    what: &str,
    limit: Duration,
    call: impl Future<Output = Result<T, ConnectorError>>,
) -> Result<T, ConnectorError> {
    let late = || {
        let seconds = limit.as_secs();
        Err(ConnectorError::retry(format!(
            "{who} did not answer within {seconds} s: {what}"
        )))
    };
    timeout(limit, call).await.unwrap_or_else(|_| late())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_never_answers_is_named_with_the_time_he_had() {
        let never = std::future::pending::<Result<(), ConnectorError>>();
        let error = within("erp", "its report", REPORT, never).await.unwrap_err();
        assert_eq!(error.to_string(), "erp did not answer within 3600 s: its report");
        assert!(within("erp", "its report", REPORT, async { Ok(()) }).await.is_ok());
    }
}
